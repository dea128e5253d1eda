"""The Celery application: who sends by it, and what its workers keep between tasks."""

import sys
import threading

import pytest
from celery import current_app, signals
from django.conf import settings
from django.db import connection

from apps.chats.models import Channel
from nanogridbot.celery import app, leave_broken_connections


def test_every_thread_sends_by_our_application():
    found = []
    thread = threading.Thread(target=lambda: found.append(current_app._get_current_object()))
    thread.start()
    thread.join(30)
    assert found == [app]


@pytest.fixture
def switch_interval():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_a_worker_lets_its_threads_take_short_turns(switch_interval):
    assert sys.getswitchinterval() != pytest.approx(settings.THREAD_SWITCH_INTERVAL)

    signals.worker_init.send(sender=None)

    assert sys.getswitchinterval() == pytest.approx(settings.THREAD_SWITCH_INTERVAL)


@pytest.mark.django_db(transaction=True)
def test_a_sound_connection_is_kept_for_the_next_task():
    connection.ensure_connection()
    kept = connection.connection
    leave_broken_connections()
    assert connection.connection is kept


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_gives_way_to_a_new_one():
    if connection.vendor == "postgresql":  # a file ends nothing
        connection.ensure_connection()
        connection.connection.close()
    leave_broken_connections()
    assert Channel.objects.count() == 0

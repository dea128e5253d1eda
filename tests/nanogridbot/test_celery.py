"""A worker's connection to the database between tasks."""

import pytest
from django.db import connection

from apps.chats.models import Channel
from nanogridbot.celery import leave_broken_connections

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sound_connection_is_kept_for_the_next_task():
    connection.ensure_connection()
    kept = connection.connection
    leave_broken_connections()
    assert connection.connection is kept


def test_a_connection_that_the_server_ended_gives_way_to_a_new_one():
    if connection.vendor == "postgresql":  # a file ends nothing
        connection.ensure_connection()
        connection.connection.close()
    leave_broken_connections()
    assert Channel.objects.count() == 0

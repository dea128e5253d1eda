"""What webhooks remember for a while, in a real Redis, and what they do without one."""

import pytest
import redis

from apps.chats.models import Channel, Incident
from apps.platforms.inbound import replay_guard

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return Channel.objects.create(platform="wecom", name="hooked")


def test_what_was_said_once_is_known_on_its_own_channel_only(channel, fresh_redis):
    other = Channel.objects.create(platform="wecom", name="other")
    assert not replay_guard.is_known(channel, "nonce-1")
    replay_guard.remember(channel, "nonce-1")
    assert replay_guard.is_known(channel, "nonce-1")
    assert not replay_guard.is_known(channel, "nonce-2")
    assert not replay_guard.is_known(other, "nonce-1")


def test_what_may_be_said_again_is_never_known(channel, fresh_redis):
    replay_guard.remember(channel, "")
    assert not replay_guard.is_known(channel, "")


def test_a_refusal_is_an_incident_only_once_it_repeats(channel, fresh_redis):
    for _ in range(4):
        replay_guard.count_refusal(channel, "The signature is wrong.")
    assert not Incident.objects.exists()
    for _ in range(4):
        replay_guard.count_refusal(channel, "The signature is wrong.")
    incident = Incident.objects.get()
    assert (incident.times, incident.sentence.endswith("The signature is wrong.")) == (1, True)


def test_without_redis_nothing_is_known_and_nothing_breaks(channel, fresh_redis, tmp_path, monkeypatch, caplog):
    replay_guard.remember(channel, "nonce-0")
    away = redis.Redis.from_url(f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setattr(replay_guard, "connection", lambda: away)
    replay_guard.remember(channel, "nonce-1")
    assert not replay_guard.is_known(channel, "nonce-0")
    for _ in range(6):
        replay_guard.count_refusal(channel, "The signature is wrong.")
    assert not Incident.objects.exists()
    assert "refusals for hooked (wecom) are not counted" in caplog.text

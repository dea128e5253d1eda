"""What a person should see is written down, whatever it tells of."""

import secrets

import pytest

from apps.chats import incidents
from apps.chats.models import Incident

pytestmark = pytest.mark.django_db


def test_the_same_sentence_again_only_counts():
    incidents.record("delivery", "family", "It failed.")
    incidents.record("delivery", "family", "It failed.")
    assert Incident.objects.get().times == 2


def test_a_sentence_of_any_length_is_recorded_by_its_beginning():
    endless = "失败：" + secrets.token_hex(5000)
    incidents.record("failed run", "群" * 300, endless)
    kept = Incident.objects.get().sentence
    assert (kept[-1], endless.startswith(kept[:-1])) == ("…", True)
    assert incidents.LONGEST - 3 <= len(kept.encode()) <= incidents.LONGEST

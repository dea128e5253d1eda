import pytest

from apps.chats import incidents
from apps.chats.models import Incident
from tests.chats.admin.support import act

pytestmark = pytest.mark.django_db


def test_an_incident_is_seen(browser_of, db):
    incidents.record("mount", "family", "Refused.")

    response = act(browser_of, "chats/incident", "mark_seen", Incident.objects.get())

    assert "1 incident is seen." in response.text
    assert Incident.objects.get().seen

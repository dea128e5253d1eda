import pytest

from apps.chats import incidents
from apps.chats.models import Channel
from tests.dashboard.support import run_of

pytestmark = pytest.mark.django_db


def test_the_overview_says_how_things_stand(browser_of, group, chat):
    run_of(chat, "running", worker="x")
    Channel.objects.create(platform="telegram", name="Bot", status="failed", status_detail="The token was revoked.")
    incidents.record("mount", "family", "The folder /etc is not allowed.")

    page = browser_of.get("/").text

    assert "The family" in page
    assert "working" in page
    assert "The token was revoked." in page
    assert "1 incident nobody has seen" in page
    assert "The folder /etc is not allowed. <time datetime=" in page

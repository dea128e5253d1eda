"""The admin's lists fit on a laptop's screen, whatever stands in them."""

from typing import Any

import pytest

from tests.browser.support import Site

LISTS = [
    *("chats/channel", "chats/group", "chats/message", "chats/incident", "chats/sender"),
    *("agents/run", "agents/question", "agents/modelprovider", "schedules/scheduledtask"),
]
SIDEWAYS = "document.querySelector('#changelist .results').scrollWidth - document.querySelector('.results').clientWidth"
SEED = """
from django.utils import timezone
from apps.agents.models import ModelProvider, Question, Run
from apps.agents.services import session_for
from apps.chats import incidents
from apps.chats.models import Channel, Message, Sender
from apps.chats.services import create_group, web_chat
from apps.schedules.services import create_task
group, now = create_group(folder="lists", name="A group for lists"), timezone.now()
long = "The connection to https://api.telegram.example/bot/getUpdates was lost, and is made anew after 12 seconds."
channel = Channel.objects.create(platform="whatsapp", name="Customers of the northern branch", status="retrying",
    enabled=False, status_detail=long, last_event_at=now, last_error=long, last_error_at=now, reconnects=1400)
Sender.objects.create(channel=channel, external_id="49" * 20, name="Somebody with a name")
run = Run.objects.create(session=session_for(group), chat=web_chat(group), cause="message", status="failed", error=long,
    started_at=now, finished_at=now, cost_usd="0.123456")
Question.objects.create(run=run, chat=run.chat, kind="approval", text=long, subject="mcp__calendar__create_event",
    answer="Approve", expires_at=now)
Message.objects.create(chat=run.chat, direction="out", text=long, delivery="failed", error=long, next_attempt_at=now)
incidents.record("exhausted container", "lists", long)
create_task(group=group, prompt=long, schedule_type="cron", schedule_value="0 9 * * 1-5")
ModelProvider.objects.create(name="A proxy of our own", base_url="https://models.internal.example.org:4000/anthropic",
    credentials={"key": "x"}, last_error=long, enabled=False)
"""


@pytest.fixture(scope="module")
def filled(site: Site) -> None:
    site.python("manage.py", "shell", "-v0", "-c", SEED)


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_no_list_scrolls_sideways(locale: str, filled: None, visit: Any) -> None:
    page = visit("/admin/", locale=locale, viewport={"width": 1280, "height": 800})
    too_wide = {}
    for name in LISTS:
        page.goto(page.url.partition("/admin/")[0] + f"/admin/{name}/")
        assert page.locator("#result_list tbody tr").count() > 0, name
        too_wide[name] = page.evaluate(SIDEWAYS)
    assert {name: width for name, width in too_wide.items() if width > 1} == {}

"""The operator's desk, through the pages a person sees."""

import pytest

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.chats import incidents
from apps.chats.models import Incident
from apps.chats.services import create_group, web_chat
from tests.chats.admin.support import telegram_bot
from tests.chats.support import answered, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat():
    return web_chat(create_group(folder="family"))


@pytest.fixture
def channel():
    return telegram_bot()


def test_every_list_and_form_opens(browser_of, chat, channel):
    message = said(chat, "hello")
    answered(chat, "hi")
    incidents.record("mount", "family", "Refused.")
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message")
    run.steps.create(seq=1, kind="tool", summary="send_message")
    pages = ["chats/channel", "chats/chat", "chats/group", "chats/message", "chats/incident", "chats/sender"]
    pages += ["chats/pairing", "chats/attachment", "agents/run", "agents/session", "agents/runstep"]
    details = [f"chats/message/{message.pk}", f"agents/run/{run.pk}", f"chats/chat/{chat.pk}"]
    details += [f"chats/group/{chat.group_id}", f"chats/incident/{Incident.objects.get().pk}"]

    for page in [*pages, *(f"{detail}/change" for detail in details), "chats/group/add", "chats/channel/add"]:
        response = browser_of.get(f"/admin/{page}/")
        assert response.status_code == 200, page
        assert "style=" not in response.text, page

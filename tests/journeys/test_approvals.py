"""From the press of a button on Telegram to the command that the agent may, or may not, run in its container."""

import json
from pathlib import Path

import pytest

from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.fakes.telegram_api import TelegramApi
from tests.journeys.service import Service, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.docker]

SETUP = """
from apps.chats.models import Channel, Group, Sender
Group.objects.filter(folder="team").update(approval_tools=["Bash"])
Sender.objects.create(channel=Channel.objects.get(platform="telegram"), external_id="42", name="Ann", access="admin")
"""
BOB = {"id": 43, "is_bot": False, "first_name": "Bob"}


def decided(telegram: TelegramApi, choice: str) -> str:
    """Asks, lets Bob try and Ann press the button; the agent's last words."""
    before = len(telegram.sent)

    def said(words: str) -> str:
        return next((call.text for call in telegram.sent[before:] if words in call.text), "")

    telegram.say("do it")
    asked = wait_until(lambda: next((c for c in telegram.sent[before:] if "reply_markup" in c.parameters), None), 90)
    assert f"echo {choice} &gt; {choice}" in asked.text
    rows = json.loads(asked.parameters["reply_markup"])["inline_keyboard"]
    tokens = {button["text"]: button["callback_data"] for row in rows for button in row}
    telegram.press(tokens["Approve"], message_id=asked.message_id, user=BOB)
    wait_until(lambda: said("Bob: Only an admin"), 60)
    telegram.press(tokens[choice], message_id=asked.message_id)
    return str(wait_until(lambda: said("after "), 60))


def told(telegram: TelegramApi) -> list[str]:
    """The last lines of questions that are answered; how a long turn goes on is told by edits too."""
    last_lines = [edit.text.rpartition("\n")[2] for edit in telegram.calls_of("editMessageText")]
    return [line for line in last_lines if "✔" in line]


def test_an_admin_decides_by_a_button_and_nobody_else(
    service: Service, telegram: TelegramApi, model: MessagesApi
) -> None:
    service.manage("shell", "-v0", "-c", SETUP)
    folder = Path(service.environment["NGB_DATA_DIR"]) / "groups" / "team"
    for choice, done in (("Refuse", False), ("Approve", True)):
        model.script(ToolUse("Bash", {"command": f"echo {choice} > {choice}"}), Text(f"after {choice}"))
        assert decided(telegram, choice) == f"after {choice}"
        assert (folder / choice).exists() is done
    assert "Ann refused the tool Bash" in str([turn.body["messages"] for turn in model.turns])
    wait_until(lambda: len(told(telegram)) >= 2, 60)
    assert told(telegram) == ["✔ Refuse (Ann)", "✔ Approve (Ann)"]

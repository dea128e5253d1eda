"""Long work is told of in the chat: the real listeners against a Bot API that speaks the wire."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Question, Run
from apps.chats.models import Channel, Message
from apps.platforms.adapters.telegram.adapter import TelegramAdapter
from apps.platforms.models import Draft
from apps.platforms.status import progress
from tests.platforms.support import (
    end,
    fall_silent,
    send,
    shown,
    step,
)
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_long_run_says_what_it_does_and_the_answer_takes_the_place(api, working):
    step(working, "Read: /workspace/group/secret-plan.md")
    fall_silent(working)
    first = api.wait_for_sent(1)[0]
    assert re.fullmatch(r"⏳ Working: reading files, 1 step, \d\d s…", first.text)
    assert '"message_id": 55' in first.parameters["reply_parameters"]
    step(working, "Bash: make")
    assert api.wait_for(lambda: any("running a command, 2 steps" in text for text in shown(api)))
    final = end(working, "It is done")
    until(lambda: Message.objects.get(pk=final.pk).delivery == "sent")
    assert shown(api)[-1] == "It is done"
    assert len(api.sent) == 1
    assert not Draft.objects.exists()
    assert "secret-plan" not in str(shown(api))


def test_a_quick_answer_needs_no_line(api, working):
    time.sleep(0.5)
    end(working, "quick")
    assert [call.text for call in api.wait_for_sent(1)] == ["quick"]


def test_the_channel_may_do_without(api, working):
    Channel.objects.update(options={"api_base": api.url, "progress": "no"})
    fall_silent(working)
    time.sleep(1)
    assert not api.sent


@pytest.mark.parametrize(("state", "word"), [("cancelled", "⏹ Stopped."), ("succeeded", "✓ Done.")])
def test_a_run_that_ends_without_a_word_leaves_no_line_that_says_it_works(api, silent, state, word):
    api.wait_for_sent(1)
    end(silent, state=state)
    assert api.wait_for(lambda: shown(api)[-1] == word)
    until(lambda: not Draft.objects.exists())


def test_while_the_run_asks_somebody_nothing_is_said(api, working):
    Question.objects.create(run=working, kind="ask", text="Which?", expires_at=timezone.now() + timedelta(hours=1))
    fall_silent(working)
    time.sleep(1)
    assert not api.sent


def test_what_the_agent_says_itself_counts(api, working):
    send(working.chat, "Looking into it", run_id=working.pk)
    fall_silent(working)
    api.wait_for_sent(1)
    time.sleep(0.7)
    assert [call.text for call in api.sent] == ["Looking into it"]


def test_where_nothing_can_be_edited_one_line_must_do(api, working, settings, monkeypatch):
    monkeypatch.setattr(TelegramAdapter, "edit_every", 0)
    settings.PROGRESS_AFTER = 5
    fall_silent(working)
    line = api.wait_for_sent(1)[0]
    assert line.text.startswith("⏳ Working")
    time.sleep(0.6)
    end(working, "It is done")
    assert [call.text for call in api.wait_for_sent(2)] == [line.text, "It is done"]
    until(lambda: not Draft.objects.exists())


def test_scheduled_work_is_done_in_silence(api, working):
    Run.objects.update(cause="schedule", prompt="x")
    fall_silent(working)
    time.sleep(0.8)
    assert not api.sent


@pytest.mark.parametrize(
    ("doing", "steps", "seconds", "text"),
    [
        ("", 0, 23, "⏳ Working: thinking, 20 s…"),
        ("Bash: rm -rf /", 3, 100, "⏳ Working: running a command, 3 steps, 2 min…"),
        ("mcp__shop__buy: x", 1, 61, "⏳ Working: using a tool, 1 step, 1 min…"),
    ],
)
def test_the_line(doing, steps, seconds, text):
    assert progress.line(doing, steps, seconds) == text

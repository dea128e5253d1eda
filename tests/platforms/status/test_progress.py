"""Long work is told of in the chat: the real listeners against a Bot API that speaks the wire."""

import re
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.agents.models import Question, Run, RunStep
from apps.agents.services import announce, session_for
from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.adapters.telegram.adapter import TelegramAdapter
from apps.platforms.models import Draft
from apps.platforms.status import progress
from tests.fakes.telegram_api import Failure
from tests.platforms.support import registered_chat, send, status, telegram_channel, until_quiet
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def working(api, listeners, fresh_redis, settings, monkeypatch):
    """A run that has just begun."""
    settings.PROGRESS_AFTER = 30
    monkeypatch.setattr(progress, "LOOK", 0.2)
    monkeypatch.setattr(progress, "EVERY", 0.2)
    monkeypatch.setattr(TelegramAdapter, "edit_every", 0.1)
    chat = registered_chat(telegram_channel(api))
    assert chat.group
    Message.objects.create(
        chat=chat, direction="in", external_id="55", text="@Andy go", calls_agent=True, created_at=timezone.now()
    )
    run = Run.objects.create(
        session=session_for(chat.group), chat=chat, cause="message", status="running", started_at=timezone.now()
    )
    listeners.start()
    until(lambda: status() == "online")
    return run


@pytest.fixture
def silent(working):
    """It has said nothing for a while."""
    return fall_silent(working)


def fall_silent(run):
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=40))
    return run


def step(run, summary, kind="tool"):
    RunStep.objects.create(run=run, seq=run.steps.count() + 1, kind=kind, summary=summary)


def end(run, text="", state="succeeded"):
    with transaction.atomic():  # as the worker does: a run that is over without its answer had nothing to say
        Message.objects.inbound().update(run=run)
        Run.objects.filter(pk=run.pk).update(status=state)
        final = send(run.chat, text, run_id=run.pk) if text else None
    run.refresh_from_db()
    announce(run)
    return final


def shown(api):
    """The texts of the one message, one after the other."""
    return [call.text for call in [*api.sent, *api.calls_of("editMessageText")]]


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


def test_what_somebody_wrote_below_keeps_the_answer_below_it(api, silent):
    line = api.wait_for_sent(1)[0]
    until(Draft.objects.exists)
    Message.objects.create(chat=silent.chat, direction="in", external_id="56", text="and hurry")
    end(silent, "It is done")
    assert api.wait_for_sent(2)[1].text == "It is done"
    assert api.wait_for(lambda: shown(api)[-1] == "✓ Done.")
    assert api.calls_of("editMessageText")[-1].parameters["message_id"] == str(line.message_id)
    until(lambda: not Draft.objects.exists())


@pytest.mark.parametrize(("state", "word"), [("cancelled", "⏹ Stopped."), ("succeeded", "✓ Done.")])
def test_a_run_that_ends_without_a_word_leaves_no_line_that_says_it_works(api, silent, state, word):
    api.wait_for_sent(1)
    end(silent, state=state)
    assert api.wait_for(lambda: shown(api)[-1] == word)
    until(lambda: not Draft.objects.exists())


def test_a_crash_leaves_no_line_that_says_it_works(api, listeners, silent):
    api.wait_for_sent(1)
    until(Draft.objects.exists)
    listeners.stop()
    end(silent, state="cancelled")
    listeners.start()
    assert api.wait_for(lambda: shown(api)[-1] == "⏹ Stopped.")


def test_a_line_outlives_a_restart_of_the_listeners(api, listeners, silent):
    api.wait_for_sent(1)
    until(Draft.objects.exists)
    listeners.stop()
    listeners.start()
    step(silent, "WebFetch: x")
    assert api.wait_for(lambda: any("looking on the web" in text for text in shown(api)))
    assert len(api.sent) == 1


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


def test_an_answer_that_is_shown_while_it_is_written_is_not_pushed_aside(api, silent, monkeypatch):
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    Channel.objects.update(options={"api_base": api.url, "stream": "yes"})
    run = Run.objects.select_related("chat__channel").get()
    hooks.run_delta.fire(run=run, text="Once upon a time")
    until(lambda: shown(api) and shown(api)[-1] == "Once upon a time")
    time.sleep(0.8)
    assert shown(api)[-1] == "Once upon a time"


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


def test_a_line_that_cannot_be_edited_holds_up_no_answer(api, silent):
    api.wait_for_sent(1)
    api.keep_failing("editMessageText", Failure(400, "Bad Request: message to edit not found"))
    end(silent, "It is done")
    assert api.wait_for_sent(2)[1].text == "It is done"


def test_scheduled_work_is_done_in_silence(api, working):
    Run.objects.update(cause="schedule", prompt="x")
    fall_silent(working)
    time.sleep(0.8)
    assert not api.sent


def test_typing_is_renewed_all_the_while(api, working, monkeypatch):
    monkeypatch.setattr(TelegramAdapter, "typing_every", 0.2)
    assert api.wait_for(lambda: len(api.calls_of("sendChatAction")) >= 4)
    end(working, "done")
    until_quiet(lambda: len(api.calls_of("sendChatAction")), 0.7)


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

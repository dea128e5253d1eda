"""One message is edited while the run works, until the answer takes its place or stands below it."""

import time

import pytest

from apps.agents.models import Run
from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.models import Draft
from tests.fakes.telegram_api import Failure
from tests.platforms.support import end, shown, step
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_somebody_wrote_below_keeps_the_answer_below_it(api, silent):
    line = api.wait_for_sent(1)[0]
    until(Draft.objects.exists)
    Message.objects.create(chat=silent.chat, direction="in", external_id="56", text="and hurry")
    end(silent, "It is done")
    assert api.wait_for_sent(2)[1].text == "It is done"
    assert api.wait_for(lambda: shown(api)[-1] == "✓ Done.")
    assert api.calls_of("editMessageText")[-1].parameters["message_id"] == str(line.message_id)
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


def test_an_answer_that_is_shown_while_it_is_written_is_not_pushed_aside(api, silent, monkeypatch):
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    Channel.objects.update(options={"api_base": api.url, "stream": "yes"})
    run = Run.objects.select_related("chat__channel").get()
    hooks.run_delta.fire(run=run, text="Once upon a time")
    until(lambda: shown(api) and shown(api)[-1] == "Once upon a time")
    time.sleep(0.8)
    assert shown(api)[-1] == "Once upon a time"


def test_a_line_that_cannot_be_edited_holds_up_no_answer(api, silent):
    api.wait_for_sent(1)
    api.keep_failing("editMessageText", Failure(400, "Bad Request: message to edit not found"))
    end(silent, "It is done")
    assert api.wait_for_sent(2)[1].text == "It is done"

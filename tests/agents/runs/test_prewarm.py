"""A lively group's agent is started before anybody calls it, and takes nobody's place."""

from decimal import Decimal

import pytest

from apps.agents.models import Run, Session
from apps.agents.runs import prewarm
from apps.agents.runs.execution import execute
from apps.agents.sandbox import reaper
from apps.chats.models import Chat, Group, Incident, Message
from tests.agents.support import Say


@pytest.fixture
def lively(group: Group, chat: Chat, say: Say) -> Chat:
    """Three people's messages that do not call."""
    group.warm_early = True
    group.save()
    chat.refresh_from_db()
    for text in ("one", "two", "three"):
        Message.objects.create(chat=chat, direction="in", external_id=text, sender_name="Ann", text=text)
    return chat


def warm_ups() -> int:
    return Run.objects.filter(cause="warm_up").count()


def test_a_lively_chat_asks_for_one_warm_up(lively):
    prewarm.consider(lively, "")
    prewarm.consider(lively, "")

    assert warm_ups() == 1
    assert Run.objects.get().chat is None  # nobody sees anybody typing


def test_a_quiet_chat_asks_for_none(lively):
    Message.objects.filter(external_id="three").delete()

    prewarm.consider(lively, "")

    assert warm_ups() == 0


def test_strangers_keep_nobody_awake(lively):
    Message.objects.update(withheld=True)

    prewarm.consider(lively, "")

    assert warm_ups() == 0


def test_a_group_that_does_not_want_it_asks_for_none(lively):
    lively.group.warm_early = False

    prewarm.consider(lively, "")

    assert warm_ups() == 0


def test_where_the_money_is_spent_nobody_is_woken_and_nothing_is_told_to_have_failed(lively):
    lively.group.daily_budget_usd = Decimal(0)
    lively.group.save()

    prewarm.consider(lively, "")

    assert warm_ups() == 0


def test_an_agent_that_has_just_worked_is_warm_already(lively):
    session = Session.objects.create(group=lively.group, key="group")
    session.used()

    prewarm.consider(lively, "")

    assert warm_ups() == 0


def test_the_first_turn_finds_the_agent_ready(lively, say, claude, replies):
    prewarm.consider(lively, "")
    warm_up = Run.objects.get()
    execute(warm_up.pk)
    warm_up.refresh_from_db()
    assert (warm_up.status, warm_up.error, warm_up.cost_usd) == ("succeeded", "", Decimal(0))
    assert claude.requests == []

    run = say("@Andy hello")
    execute(run.pk)
    run.refresh_from_db()

    assert run.status == "succeeded"
    assert len(replies()) == 1


def test_one_that_cannot_be_started_is_no_incident(lively, settings):
    settings.AGENT_RUNTIME = "docker"
    settings.AGENT_IMAGE = "no-such-image:ever"
    prewarm.consider(lively, "")

    execute(Run.objects.get().pk)

    assert Run.objects.get().status == "cancelled"
    assert "no-such-image" in Run.objects.get().error
    assert not Incident.objects.exists()
    assert not Message.objects.outbound().exists()


@pytest.mark.docker
def test_a_warm_up_takes_no_place_that_is_taken(lively, say, sealed, settings):
    settings.AGENT_MAX_CONTAINERS = 1
    execute(say("@Andy hello").pk)
    other = Session.objects.create(group=lively.group, key="chat:1")
    (living,) = reaper.containers_of_this_install()

    run = Run.objects.create(session=other, cause="warm_up")
    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.error) == ("cancelled", "There was no free place for another agent.")
    assert [one["Id"] for one in reaper.containers_of_this_install()] == [living["Id"]]

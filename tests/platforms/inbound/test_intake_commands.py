"""Commands that people write in a chat, through the real intake."""

import pytest
from django.utils import timezone

from apps.agents import services
from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Message, Sender
from apps.chats.services import create_group, web_chat
from apps.platforms.inbound import intake
from apps.schedules.services import create_task
from tests.platforms.inbound.support import answers, running, the_answer, write
from tests.waiting import leave_midnight_behind

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return Channel.objects.create(platform="telegram", name="bot", identity={"id": "9", "username": "my_bot"})


@pytest.fixture
def chat(channel):
    return Chat.objects.create(channel=channel, external_id="-1", group=create_group(folder="team"))


@pytest.fixture
def admin(channel):
    return Sender.objects.create(channel=channel, external_id="7", name="Root", access=Sender.Access.ADMIN)


@pytest.mark.parametrize("text", ["@Andy /help", "@andy, /HELP", "  @Andy: /help  "])
def test_a_command_behind_the_trigger_is_answered(chat, text):
    assert "/stop" in the_answer(chat, text)


def test_telegrams_own_form_is_for_whom_it_names(chat):
    assert "/stop" in the_answer(chat, "/help@my_bot", mentions_bot=True)
    write(chat, "/help@other_bot")
    assert len(answers(chat)) == 1


def test_the_bots_name_on_the_platform_may_stand_before_it(chat):
    assert "/stop" in the_answer(chat, "@my_bot /help", mentions_bot=True)


def test_a_bare_command_in_a_group_that_waits_for_a_mention_is_talk(chat):
    write(chat, "/help")
    assert answers(chat) == []
    assert not Message.objects.inbound().get().withheld


@pytest.mark.parametrize("fields", [{"engage": Group.Engage.ALWAYS}, {"is_main": True}])
def test_a_bare_command_counts_where_everything_calls(channel, fields):
    chat = Chat.objects.create(channel=channel, external_id="-2", group=create_group(folder="lively", **fields))
    assert "/stop" in the_answer(chat, "/help")


def test_a_bare_command_counts_in_a_direct_chat(chat):
    assert "/stop" in the_answer(chat, "/help", chat_kind=Chat.Kind.DIRECT)


def test_help_names_the_trigger_only_where_it_is_needed(chat, channel):
    assert "Write @Andy and your question." in the_answer(chat, "@Andy /help")
    lively = Chat.objects.create(channel=channel, external_id="-2", group=create_group(folder="lively", is_main=True))
    assert "@Andy" not in the_answer(lively, "/help")


def test_a_group_that_wants_the_trigger_first_still_takes_what_the_platform_addresses(channel):
    group = create_group(folder="strict", engage=Group.Engage.PREFIX)
    chat = Chat.objects.create(channel=channel, external_id="-3", group=group)
    assert "/stop" in the_answer(chat, "/help@my_bot", mentions_bot=True)


def test_an_unknown_command_is_an_ordinary_message(chat):
    write(chat, "@Andy /imagine a cat")
    assert answers(chat) == []
    assert Message.objects.inbound().get().calls_agent


@pytest.mark.parametrize("text", ["@Andy what does /stop do?", "@Andy /stopped", "@Andyx /help", "@Andy !help"])
def test_what_only_looks_like_a_command_is_not_one(chat, text):
    write(chat, text)
    assert answers(chat) == []


@pytest.mark.parametrize("platform", ["slack", "discord"])
def test_where_the_slash_is_the_platforms_own_an_exclamation_mark_does(platform):
    channel = Channel.objects.create(platform=platform, name=platform)
    group = create_group(folder="there", engage=Group.Engage.ALWAYS)
    chat = Chat.objects.create(channel=channel, external_id="C1", group=group)
    assert "/stop" in the_answer(chat, "!help")


def test_a_command_behind_a_trigger_that_is_a_pattern(chat):
    Group.objects.update(trigger="hey (andy|drew)", trigger_is_pattern=True)
    assert "/stop" in the_answer(chat, "Hey Drew, /help")


def test_other_bots_give_no_commands(chat):
    write(chat, "@Andy /help", from_bot=True)
    assert answers(chat) == []


def test_a_command_is_stored_calls_nobody_and_is_answered_in_its_place(chat):
    arrived = write(chat, "@Andy /help", thread_id="8")
    assert not Run.objects.exists()
    answer = chat.messages.outbound().get()
    assert (answer.reply_to, answer.thread_id, answer.sender_name) == (arrived.external_id, "8", "Andy")
    assert chat.messages.inbound().get().text == "@Andy /help"


def test_a_command_never_reaches_a_prompt(chat):
    write(chat, "@Andy /help")
    write(chat, "@Andy hello")
    prompt = prompts.compose(Run.objects.get())
    assert prompt
    assert "hello" in prompt.text
    assert "/help" not in prompt.text


def test_the_same_command_delivered_twice_is_answered_once(chat):
    arrived = write(chat, "@Andy /help")
    intake.accept_all(chat.channel, [arrived, arrived])
    assert len(answers(chat)) == 1


def test_a_defect_of_a_command_says_so_and_loses_no_message(chat, caplog, monkeypatch):
    monkeypatch.setitem(services.__dict__, "session_for", None)
    assert "failed" in the_answer(chat, "@Andy /status")
    assert "the command /status failed" in caplog.text


def test_a_blocked_sender_gives_no_commands(chat, channel):
    Sender.objects.create(channel=channel, external_id="42", access=Sender.Access.BLOCKED)
    write(chat, "@Andy /help")
    assert not Message.objects.exists()


def test_a_stranger_in_a_group_of_known_people_is_refused_in_words(chat):
    Group.objects.update(sender_policy=Group.SenderPolicy.KNOWN)
    assert "may not use" in the_answer(chat, "@Andy /status")


def test_help_shows_admins_more(chat, admin):
    assert "/model" not in the_answer(chat, "@Andy /help")
    write(chat, "@Andy /help", sender=admin.external_id)
    assert "/model" in answers(chat)[1]


def test_status_says_who_answers_and_what_runs(chat):
    run = running(chat)
    answer = the_answer(chat, "@Andy /status")
    assert "agent demo" in answer
    assert "Working here" in answer
    run.finish(Run.Status.SUCCEEDED)
    write(chat, "@Andy /status")
    assert "Working" not in answers(chat)[1]


def test_stop_interrupts_the_run_of_this_chat(chat):
    run = running(chat)
    assert the_answer(chat, "@Andy /stop") == "Stopped."
    run.refresh_from_db()
    assert run.stop_requested


def test_stop_ends_what_is_queued(chat):
    write(chat, "@Andy hello")
    assert the_answer(chat, "@Andy /stop") == "Stopped."
    assert Run.objects.get().status == Run.Status.CANCELLED


def test_stop_says_when_there_is_nothing_to_stop(chat, channel):
    other = Chat.objects.create(channel=channel, external_id="-5", group=create_group(folder="other"))
    run = running(other)
    assert "nothing to stop" in the_answer(chat, "@Andy /stop")
    run.refresh_from_db()
    assert not run.stop_requested


def test_stop_in_a_thread_leaves_the_others_alone(channel):
    group = create_group(folder="threads", session_scope=Group.SessionScope.THREAD)
    chat = Chat.objects.create(channel=channel, external_id="-6", group=group)
    one, two = running(chat, thread_id="1"), running(chat, thread_id="2")
    write(chat, "@Andy /stop", thread_id="1")
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.stop_requested, two.stop_requested) == (True, False)


def test_what_is_written_after_a_stop_in_the_same_batch_is_answered(chat):
    batch = [
        InboundMessage(external_id=f"b{number}", chat_id="-1", sender_id="42", text=text)
        for number, text in enumerate(["@Andy first", "@Andy /stop", "@Andy second"])
    ]
    intake.accept_all(chat.channel, batch)
    assert list(Run.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "queued"]
    prompt = prompts.compose(Run.objects.get(status="queued"))
    assert prompt
    assert "second" in prompt.text
    assert "first" not in prompt.text


def test_new_by_a_member_is_refused_in_words(chat):
    session = services.session_for(chat.group)
    session.used("sdk-1")
    assert "Only an admin" in the_answer(chat, "@Andy /new")
    session.refresh_from_db()
    assert session.sdk_session_id == "sdk-1"


def test_new_by_an_admin_forgets_without_calling_the_model(chat, admin):
    session = services.session_for(chat.group)
    session.used("sdk-1")
    write(chat, "old chatter")
    assert "forgotten" in the_answer(chat, "@Andy /new", sender=admin.external_id)
    session.refresh_from_db()
    assert session.sdk_session_id == ""
    assert not Run.objects.exists()
    write(chat, "@Andy hello")
    prompt = prompts.compose(Run.objects.get())
    assert prompt
    assert "old chatter" not in prompt.text


def test_new_stops_the_running_turn_whose_memory_does_not_come_back(chat, admin):
    run = running(chat)
    write(chat, "@Andy /new", sender=admin.external_id)
    run.refresh_from_db()
    assert run.stop_requested
    run.session.used("sdk-of-the-stopped-run", since=run.started_at)
    run.session.refresh_from_db()
    assert run.session.sdk_session_id == ""
    run.session.used("sdk-of-the-next-run", since=timezone.now())
    run.session.refresh_from_db()
    assert run.session.sdk_session_id == "sdk-of-the-next-run"


def test_new_is_everybodys_in_a_direct_chat_of_their_own(channel):
    chat = Chat.objects.create(channel=channel, external_id="42", group=create_group(folder="ann"))
    assert "forgotten" in the_answer(chat, "/new", chat_kind=Chat.Kind.DIRECT)


def test_new_is_not_everybodys_where_others_share_the_memory(channel, chat):
    own = Chat.objects.create(channel=channel, external_id="42", group=chat.group)
    assert "Only an admin" in the_answer(own, "/new", chat_kind=Chat.Kind.DIRECT)


def test_usage_says_what_was_spent_and_what_is_left(chat):
    leave_midnight_behind()
    Group.objects.update(daily_budget_usd=2)
    run = running(chat)
    Run.objects.filter(pk=run.pk).update(cost_usd="0.5")
    answer = the_answer(chat, "@Andy /usage")
    assert "today US$ 0.50" in answer
    assert "US$ 1.50 left" in answer


def test_usage_without_a_budget_says_so(chat):
    assert "No budget" in the_answer(chat, "@Andy /usage")


def test_model_is_for_admins(chat, admin):
    assert "Only an admin" in the_answer(chat, "@Andy /model claude-opus-4-1")
    write(chat, "@Andy /model claude-opus-4-1", sender=admin.external_id)
    chat.group.refresh_from_db()
    assert chat.group.model == "claude-opus-4-1"
    write(chat, "@Andy /model", sender=admin.external_id)
    assert "claude-opus-4-1" in answers(chat)[-1]
    write(chat, "@Andy /model default", sender=admin.external_id)
    chat.group.refresh_from_db()
    assert chat.group.model == ""


def test_model_points_at_a_name_that_nobody_knows(chat, admin):
    assert "spelled right" in the_answer(chat, "@Andy /model claud-opus", sender=admin.external_id)
    write(chat, "@Andy /model claude-opus-4-1", sender=admin.external_id)
    assert "spelled right" not in answers(chat)[-1]


def test_model_refuses_what_is_no_name(chat, admin):
    assert "no name of a model" in the_answer(chat, "@Andy /model a b", sender=admin.external_id)


def test_tasks_lists_this_groups_timetable_only(chat):
    create_task(group=chat.group, prompt="Say good morning", schedule_type="cron", schedule_value="0 9 * * *")
    other = create_group(folder="other")
    create_task(group=other, prompt="A secret plan", schedule_type="interval", schedule_value="1h")
    answer = the_answer(chat, "@Andy /tasks")
    assert "Say good morning" in answer
    assert "secret" not in answer


def test_tasks_says_when_there_are_none(chat):
    assert the_answer(chat, "@Andy /tasks") == "Nothing is scheduled."


def test_our_own_page_takes_commands_as_well(chat):
    page = web_chat(chat.group)
    assert "/stop" in the_answer(page, "/help", mentions_bot=True, chat_kind=Chat.Kind.DIRECT)

"""Who may make the agent do what: by the group, and by the least of those who called."""

import uuid

import pytest
from django.contrib.auth.models import Permission, User

from apps.agents import authorization, services
from apps.agents.models import Run
from apps.agents.toolkit import registry
from apps.agents.turns import prompts
from apps.api import conversation
from apps.chats.models import Chat, Group, Incident, Message, Sender
from apps.chats.services import create_group, web_chat
from apps.dashboard import posting


@pytest.fixture
def main(group: Group) -> Group:
    group.is_main = True
    group.admin_tools = ["Bash", "mcp__github__*", "send_file"]
    group.save()
    return group


def sender(chat: Chat, name: str, access: Sender.Access = Sender.Access.ALLOWED, external_id: str = "") -> Sender:
    return Sender.objects.create(channel=chat.channel, external_id=external_id or name, name=name, access=access)


def run_for(chat: Chat, *callers: Sender | None) -> Run:
    """A run with the messages of these senders, read as a turn reads them."""
    for number, who in enumerate(callers):
        Message.objects.create(
            chat=chat, direction="in", external_id=f"{number}", sender=who, text="do it", calls_agent=True
        )
    assert chat.group
    return as_read(services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE))


def as_read(run: Run) -> Run:
    prompt = prompts.compose(run)
    assert prompt
    authorization.took(run, prompt.callers)
    return run


def test_an_admins_call_may_use_what_admins_may(main, chat):
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert registry.call(run, "register_group", {"folder": "club"})
    assert authorization.refusal(run, "Bash") == ""


def test_an_allowed_senders_call_may_not(main, chat):
    run = run_for(chat, sender(chat, "Bob"))
    with pytest.raises(registry.ForbiddenError, match=r"for admins: .* No admin: Bob"):
        registry.call(run, "register_group", {"folder": "club"})
    assert not Group.objects.filter(folder="club").exists()
    assert "Bob" in Incident.objects.get(kind="refused tool").sentence


@pytest.mark.parametrize("tool", ["Bash", "mcp__github__merge", "send_file", "mcp__ngb__send_file"])
def test_a_group_marks_tools_of_every_kind_for_admins(main, chat, tool):
    run = run_for(chat, sender(chat, "Bob"))
    assert authorization.refusal(run, tool)
    assert authorization.refusal(run, "Read") == ""


def test_one_caller_who_is_no_admin_takes_the_standing_away_also_in_mid_turn(main, chat):
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert authorization.refusal(run, "register_group") == ""
    authorization.took(run, [sender(chat, "Bob").pk])
    assert "No admin: Bob." in authorization.refusal(run, "register_group")


def test_what_others_merely_said_does_not_count(main, chat):
    bob = sender(chat, "Bob")
    Message.objects.create(chat=chat, direction="in", external_id="chatter", sender=bob, text="hm")
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert authorization.refusal(run, "register_group") == ""


def test_rights_that_were_withdrawn_meanwhile_are_gone(main, chat):
    ann = sender(chat, "Ann", Sender.Access.ADMIN)
    run = run_for(chat, ann)
    ann.access = Sender.Access.BLOCKED
    ann.save()
    assert authorization.refusal(run, "register_group")


def test_nobody_knows_who_called(main, chat):
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN), None)
    assert authorization.refusal(run, "register_group")


@pytest.mark.parametrize("cause", [Run.Cause.SCHEDULE, Run.Cause.REQUEST])
def test_a_run_that_nobody_called_has_no_admins_standing(main, chat, cause):
    run = services.request_run(main, chat=chat, cause=cause, prompt="register everything")
    assert "Nobody called" in authorization.refusal(run, "register_group")
    assert authorization.refusal(run, "send_message") == ""


@pytest.mark.parametrize(("permission", "may"), [("change_group", True), ("view_group", False)])
def test_on_the_chat_page_admins_are_those_who_may_change_groups(main, chat, permission, may):
    person = User.objects.create(username="person", is_staff=True)
    given = Permission.objects.filter(codename__in=["add_message", permission], content_type__app_label="chats")
    person.user_permissions.set(given)
    posting.post(chat, user=person, external_id=str(uuid.uuid4()), text="register the club")
    run = as_read(Run.objects.get())
    assert (authorization.refusal(run, "register_group") == "") is may


def test_at_the_api_a_name_makes_no_admin(main, chat):
    conversation.post(main, "register the club", sender_id="user-1", sender_name="root", is_admin=False)
    run = as_read(Run.objects.get())
    assert authorization.refusal(run, "register_group")


def test_groups_are_offered_only_what_they_may_use_whoever_calls(main, chat):
    office = create_group(folder="office")
    names = {group: [each["name"] for each in registry.definitions(group)] for group in (main, office)}
    assert set(names[main]) - set(names[office]) == {"list_groups", "register_group"}
    assert names[main] == sorted(names[main])


def test_another_group_may_not_use_the_main_groups_tools_even_for_an_admin(chat):
    assert chat == web_chat(chat.group)
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert "belongs to the main group" in authorization.refusal(run, "register_group")

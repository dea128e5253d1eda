"""Who may make the agent do what: by the group, and by the least of those who called."""

import pytest
from django.contrib.auth.models import Permission, User

from apps.agents import authority, prompts, services, toolbox
from apps.agents.models import Run
from apps.chats.models import Group, Incident, Message, Sender
from apps.chats.services import create_group, web_chat


@pytest.fixture
def main(group):
    group.is_main = True
    group.admin_tools = ["Bash", "mcp__github__*", "send_file"]
    group.save()
    return group


def sender(chat, name, access=Sender.Access.ALLOWED, external_id=""):
    return Sender.objects.create(channel=chat.channel, external_id=external_id or name, name=name, access=access)


def run_for(chat, *callers):
    """A run with the messages of these senders, read as a turn reads them."""
    for number, who in enumerate(callers):
        Message.objects.create(
            chat=chat, direction="in", external_id=f"{number}", sender=who, text="do it", calls_agent=True
        )
    run = services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE)
    prompt = prompts.compose(run)
    assert prompt
    authority.took(run, prompt.callers)
    return run


def test_an_admins_call_may_use_what_admins_may(main, chat):
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert toolbox.call(run, "register_group", {"folder": "club"})
    assert authority.refusal(run, "Bash") == ""


def test_an_allowed_senders_call_may_not(main, chat):
    run = run_for(chat, sender(chat, "Bob"))
    with pytest.raises(toolbox.ForbiddenError, match=r"for admins: .* No admin: Bob"):
        toolbox.call(run, "register_group", {"folder": "club"})
    assert not Group.objects.filter(folder="club").exists()
    assert "Bob" in Incident.objects.get(kind="refused tool").sentence


@pytest.mark.parametrize("tool", ["Bash", "mcp__github__merge", "send_file", "mcp__ngb__send_file"])
def test_a_group_marks_tools_of_every_kind_for_admins(main, chat, tool):
    run = run_for(chat, sender(chat, "Bob"))
    assert authority.refusal(run, tool)
    assert authority.refusal(run, "Read") == ""


def test_one_caller_who_is_no_admin_takes_the_standing_away_also_in_mid_turn(main, chat):
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert authority.refusal(run, "register_group") == ""
    authority.took(run, [sender(chat, "Bob").pk])
    assert "No admin: Bob." in authority.refusal(run, "register_group")


def test_what_others_merely_said_does_not_count(main, chat):
    bob = sender(chat, "Bob")
    Message.objects.create(chat=chat, direction="in", external_id="chatter", sender=bob, text="hm")
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert authority.refusal(run, "register_group") == ""


def test_rights_that_were_withdrawn_meanwhile_are_gone(main, chat):
    ann = sender(chat, "Ann", Sender.Access.ADMIN)
    run = run_for(chat, ann)
    ann.access = Sender.Access.BLOCKED
    ann.save()
    assert authority.refusal(run, "register_group")


def test_nobody_knows_who_called(main, chat):
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN), None)
    assert authority.refusal(run, "register_group")


@pytest.mark.parametrize("cause", [Run.Cause.SCHEDULE, Run.Cause.REQUEST])
def test_a_run_that_nobody_called_has_no_admins_standing(main, chat, cause):
    run = services.request_run(main, chat=chat, cause=cause, prompt="register everything")
    assert "Nobody called" in authority.refusal(run, "register_group")
    assert authority.refusal(run, "send_message") == ""


def test_who_may_change_groups_in_the_admin_is_an_admin_on_the_chat_page_too(main, chat):
    boss, viewer = User.objects.create(username="boss"), User.objects.create(username="viewer")
    boss.user_permissions.add(Permission.objects.get(codename="change_group", content_type__app_label="chats"))
    run = run_for(chat, sender(chat, "boss", Sender.Access.UNKNOWN, f"user-{boss.pk}"))
    assert authority.refusal(run, "register_group") == ""
    authority.took(run, [sender(chat, "viewer", Sender.Access.UNKNOWN, f"user-{viewer.pk}").pk])
    assert authority.refusal(run, "register_group")


@pytest.mark.parametrize("external_id", ["user-", "user-1e3", "user-999999", "token-1", "users-1"])
def test_no_other_name_on_the_chat_page_makes_an_admin(main, chat, external_id):
    User.objects.create_superuser("root")
    assert authority.refusal(run_for(chat, sender(chat, "x", external_id=external_id)), "register_group")


def test_who_can_run_commands_is_an_admin(main, chat):
    run = run_for(chat, sender(chat, "root", Sender.Access.UNKNOWN, "console"))
    assert authority.refusal(run, "register_group") == ""


def test_groups_are_offered_only_what_they_may_use_whoever_calls(main, chat):
    office = create_group(folder="office")
    names = {group: [each["name"] for each in toolbox.definitions(group)] for group in (main, office)}
    assert set(names[main]) - set(names[office]) == {"list_groups", "register_group"}
    assert names[main] == sorted(names[main])


def test_another_group_may_not_use_the_main_groups_tools_even_for_an_admin(chat):
    assert chat == web_chat(chat.group)
    run = run_for(chat, sender(chat, "Ann", Sender.Access.ADMIN))
    assert "belongs to the main group" in authority.refusal(run, "register_group")

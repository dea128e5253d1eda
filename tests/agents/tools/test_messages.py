"""What the agent writes and sends goes to its own chats, once, and from its own folder."""

import pytest

from apps.agents.toolkit import registry
from apps.chats.models import Chat, Incident
from apps.chats.services import create_group, web_chat
from apps.chats.workspace.folders import workspace
from tests.agents.support import finish, outbox, refused
from tests.agents.tools.support import again
from tests.fakes.messages_api import Text, ToolUse


def test_a_message_goes_to_the_runs_chat_or_to_another_one_of_the_group(run, place, group):
    registry.call(run, "send_message", {"text": "here"})
    registry.call(run, "send_message", {"text": "there", "chat": f"web:{group.folder}"})
    assert outbox(chat=place).get().text == "here"
    assert outbox(chat=web_chat(group)).get().text == "there"


def test_another_groups_chat_is_refused_in_words_and_as_an_incident(run, foreign):
    sentence = refused(run, "send_message", text="x", chat="telegram:-2002")
    assert not outbox().exists()
    assert Incident.objects.get(kind="refused tool").sentence == sentence


def test_the_main_group_writes_to_every_registered_chat_and_to_no_other(main, foreign, telegram):
    Chat.objects.create(channel=telegram, external_id="-3", title="Nobody's")
    registry.call(main, "send_message", {"text": "hi", "chat": "telegram:-2002"})
    assert outbox().get().chat == foreign
    assert "may not" in refused(main, "send_message", text="hi", chat="telegram:-3")


def test_a_file_of_the_workspace_goes_out_once_also_when_the_run_is_tried_again(run, group):
    (workspace(group) / "plan.txt").write_text("plan")
    assert registry.call(run, "send_file", {"path": "plan.txt"}) == "Sent."
    assert "already" in registry.call(again(run), "send_file", {"path": "/workspace/group/plan.txt"})
    assert outbox().get().attachments.get().path == "plan.txt"


def test_no_other_file_goes_out_nor_is_told_to_exist(run, group, foreign):
    links = {"loop": "loop", "way-out": str(workspace(foreign.group) / "CLAUDE.md"), "nowhere": "../office/nothing"}
    for name, target in links.items():
        (workspace(group) / name).unlink(missing_ok=True)
        (workspace(group) / name).symlink_to(target)
    for path in ("../office/CLAUDE.md", "../office/nothing", "/etc/passwd", "/etc/nothing", "way-out", "nowhere"):
        assert refused(run, "send_file", path=path) == f"The file {path} does not lie in the workspace."
    assert "loop" in refused(run, "send_file", path="loop")
    assert not outbox().exists()


@pytest.mark.parametrize("counts", [True, False], ids=["failed", "stopped with the service"])
def test_a_message_goes_out_once_also_when_the_run_is_tried_again(run, counts):
    registry.call(run, "send_message", {"text": "on it"})
    second = again(run, counts=counts)
    assert "already" in registry.call(second, "send_message", {"text": "on it<internal>!</internal>"})
    assert outbox().count() == 1


def test_one_attempt_may_say_the_same_twice(run):
    for _ in range(2):
        assert registry.call(run, "send_message", {"text": "tick"}) == "Sent."
    assert outbox().count() == 2


def test_a_tool_of_another_groups_chat_is_refused_in_words(say, replies, claude):
    create_group(folder="secret")
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "hi", "chat": "web:secret"}), Text("ok"))
    finish(say("hello"))

    assert replies() == ["ok"]
    assert "may not write to web:secret" in str(claude.turns[-1].body["messages"])
    assert Incident.objects.filter(kind="refused tool").exists()

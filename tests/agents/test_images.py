"""A picture in the workspace reaches the model: rows, link, runner and the real SDK."""

import base64

import pytest

from apps.agents import prompts
from apps.agents.execution import execute
from apps.chats.models import Attachment, Message
from apps.chats.workspaces import create_workspace
from tests.fakes import pictures


@pytest.fixture
def send(group, say):
    """A message with files; all of them lie in the workspace as pictures."""

    def speak(text, *names, mime="image/png", kind="image"):
        folder = create_workspace(group) / "attachments"
        folder.mkdir(exist_ok=True)
        run = say(text)
        for name in names:
            (folder / name).write_bytes(pictures.png())
            message = Message.objects.inbound().latest("pk")
            path = f"attachments/{name}"
            Attachment.objects.create(message=message, kind=kind, mime=mime, name=name, path=path)
        return run

    return speak


def test_the_model_sees_a_picture_that_somebody_sent(send, claude):
    execute(send("what is this?", "cat.png").pk)

    images = [block for message in claude.turns[0].body["messages"] for block in message["content"]]
    [image] = [block for block in images if isinstance(block, dict) and block["type"] == "image"]
    assert base64.b64decode(image["source"]["data"]) == pictures.png()
    assert "attachments/cat.png" in str(claude.turns[0].body["messages"])


def test_the_newest_eight_are_named_in_order(send):
    send("first", *[f"{number}.png" for number in range(6)])
    run = send("second", *[f"{number}.png" for number in range(6, 12)])

    assert prompts.compose(run).images == tuple(f"attachments/{number}.png" for number in range(4, 12))


@pytest.mark.parametrize(("mime", "kind", "seen"), [("application/pdf", "file", 0), ("", "image", 1), ("", "file", 0)])
def test_only_pictures_are_named(send, mime, kind, seen):
    assert len(prompts.compose(send("look", "a", mime=mime, kind=kind)).images) == seen


def test_a_picture_that_was_not_fetched_is_not_named(send):
    run = send("look", "a.png")
    Attachment.objects.update(path="", state="failed", error="gone")

    assert prompts.compose(run).images == ()

"""A picture in the workspace reaches the model: rows, link, runner and the real SDK."""

import base64
from collections.abc import Callable

import pytest

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import workspace_files
from apps.agents.turns import prompts
from apps.chats.models import Attachment, Group, Message
from apps.chats.workspace.folders import create_workspace
from tests.agents.support import Say
from tests.fakes import pictures
from tests.fakes.messages_api import Recorded


@pytest.fixture
def send(group: Group, say: Say) -> Callable[..., Run]:
    """A message with files, which lie in the workspace as pictures, as those do that were fetched."""

    def speak(text, *names, mime="image/png", kind="image"):
        create_workspace(group)
        run = say(text)
        message = Message.objects.inbound().latest("pk")
        for name in names:
            file, path = workspace_files.new_attachment(group, name)
            with file:
                file.write(pictures.png())
            Attachment.objects.create(message=message, kind=kind, mime=mime, name=name, path=path)
        return run

    return speak


def shown(request: Recorded) -> list[tuple[str, bytes]]:
    contents = [message["content"] for message in request.body["messages"] if isinstance(message["content"], list)]
    images = [block["source"] for content in contents for block in content if block["type"] == "image"]
    return [(image["media_type"], base64.b64decode(image["data"])) for image in images]


def named(run: Run) -> tuple[str, ...]:
    prompt = prompts.compose(run)
    assert prompt
    return prompt.images


def test_the_model_sees_a_picture_that_somebody_sent(send, claude):
    execute(send("what is this?", "cat.png").pk)

    assert shown(claude.turns[0]) == [("image/png", pictures.png())]
    assert Attachment.objects.get().path in str(claude.turns[0].body["messages"])


@pytest.mark.docker
def test_also_in_a_sealed_container(send, sealed):
    run = send("what is this?", "cat.png")
    execute(run.pk)

    run.refresh_from_db()
    assert (run.error, run.runtime) == ("", "docker")
    assert shown(sealed.turns[0]) == [("image/png", pictures.png())]


def test_the_newest_eight_are_named_in_order(send):
    send("first", *[f"{number}.png" for number in range(6)])
    run = send("second", *[f"{number}.png" for number in range(6, 12)])

    paths = Attachment.objects.order_by("pk").values_list("path", flat=True)
    assert named(run) == tuple(paths)[4:]


@pytest.mark.parametrize(("mime", "kind", "seen"), [("application/pdf", "file", 0), ("", "image", 1), ("", "file", 0)])
def test_only_pictures_are_named(send, mime, kind, seen):
    assert len(named(send("look", "a", mime=mime, kind=kind))) == seen


def test_a_picture_that_was_not_fetched_is_not_named(send):
    run = send("look", "a.png")
    Attachment.objects.update(path="", state="failed", error="gone")

    assert named(run) == ()

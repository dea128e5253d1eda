"""What the model is shown: images of the workspace, through the real SDK and its command line."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ngb_runner.claude.pixels import measure

from tests.fakes import pictures
from tests.fakes.messages_api import MessagesApi, Recorded, ToolUse
from tests.runner.host import Host


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "group" / "attachments").mkdir(parents=True)
    return tmp_path / "group"


def blocks(request: Recorded) -> Iterator[dict[str, Any]]:
    for message in request.body["messages"]:
        if message["role"] == "user" and isinstance(message["content"], list):
            yield from message["content"]


def shown(request: Recorded) -> list[tuple[str, bytes]]:
    sources = [block["source"] for block in blocks(request) if block["type"] == "image"]
    return [(source["media_type"], base64.b64decode(source["data"])) for source in sources]


def said(request: Recorded) -> str:
    return "\n".join(block.get("text", "") for block in blocks(request))


def ask(host: Host, folder: Path, *paths: str) -> None:
    host.start(cwd=str(folder))
    host.send("prompt", id="p1", text="what is this?", images=list(paths))
    assert host.rest().result["is_error"] is False


def test_the_model_sees_an_image_of_each_kind(claude: Host, api: MessagesApi, folder: Path) -> None:
    kinds = {"a.png": pictures.png(), "b.jpg": pictures.JPEG, "c.gif": pictures.GIF, "d.webp": pictures.WEBP}
    for name, raw in kinds.items():
        (folder / "attachments" / name).write_bytes(raw)

    ask(claude, folder, *(f"attachments/{name}" for name in kinds))

    types = ["image/png", "image/jpeg", "image/gif", "image/webp"]
    assert shown(api.turns[0]) == list(zip(types, kinds.values(), strict=True))
    assert "attachments/c.gif:" in said(api.turns[0])
    assert "what is this?" in said(api.turns[0])


def test_a_prompt_in_mid_turn_brings_its_image(claude: Host, api: MessagesApi, folder: Path) -> None:
    (folder / "a.png").write_bytes(pictures.png())
    api.script(ToolUse("mcp__ngb__send_message", {"text": "x"}))
    claude.start(cwd=str(folder))
    claude.answer_tools = False
    claude.prompt("first", "one")
    call = claude.until("tool_call")[-1]
    claude.send("prompt", id="two", text="and this?", images=["a.png"])
    claude.send("tool_result", id=call["id"], content="sent", is_error=False)

    assert {"one", "two"} >= {frame["id"] for frame in claude.rest().of("accepted")} >= {"two"}
    assert shown(api.turns[-1]) == [("image/png", pictures.png())]


@pytest.mark.parametrize("raw", [pictures.png(noise=os.urandom(3_900_000)), pictures.png(3000, 3000)])
def test_a_large_image_is_shown_smaller_and_the_conversation_goes_on(
    claude: Host, api: MessagesApi, folder: Path, raw: bytes
) -> None:
    (folder / "large.png").write_bytes(raw)
    claude.start(cwd=str(folder))
    claude.send("prompt", id="p1", text="what is this?", images=["large.png"])
    session = claude.rest().result["session_id"]
    claude.start(cwd=str(folder), session_id=session)
    assert claude.turn("and now?").result["is_error"] is False

    (_type, first), (_same, second) = shown(api.turns[0]) + shown(api.turns[1])
    assert first == second
    assert max(measure(first)[1:]) <= 2000
    assert len(first) < 3_000_000


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing.png", "No such file"),
        ("words.png", "no PNG, JPEG, GIF or WebP"),
        ("half.png", "damaged"),
        ("huge.png", "larger than 3932160 bytes"),
        ("wide.png", "8001 × 1 pixels"),
        ("link.png", "symbolic link"),
        ("linked/secret.png", "ot a directory"),
        ("../secret.png", "does not lie in the workspace"),
        ("pipe.png", "no ordinary file"),
    ],
)
def test_what_cannot_be_shown_is_a_note_and_the_turn_goes_on(
    claude: Host, api: MessagesApi, folder: Path, name: str, why: str
) -> None:
    (folder.parent / "secret.png").write_bytes(pictures.png(3, 3))
    (folder / "words.png").write_text("hello")
    (folder / "half.png").write_bytes(pictures.png()[:-20])
    (folder / "huge.png").write_bytes(pictures.png(noise=bytes(4_000_000)))
    (folder / "wide.png").write_bytes(pictures.png(8001, 1))
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    (folder / "linked").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe.png")
    (folder / "good.png").write_bytes(pictures.png())

    ask(claude, folder, name, "good.png")

    assert shown(api.turns[0]) == [("image/png", pictures.png())]
    assert f"(The image {name} is not shown here: " in said(api.turns[0])
    assert why in said(api.turns[0])


def test_a_flood_of_images_is_cut_and_said(claude: Host, api: MessagesApi, folder: Path) -> None:
    (folder / "a.png").write_bytes(pictures.png())
    ask(claude, folder, *["a.png"] * 10)
    assert len(shown(api.turns[0])) == 8
    assert said(api.turns[0]).count("more than 8 images came together") == 2

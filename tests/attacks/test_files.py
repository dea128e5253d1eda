"""Links, pipes, sockets, devices and names that an agent leaves for the host: not followed, waited for, believed."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client

from apps.agents.runs.execution import execute
from apps.agents.sandbox import workspace_files
from apps.agents.sandbox.container_config import hand_over
from apps.agents.sandbox.disk_usage import measure
from apps.chats.models import Attachment, Group, Incident, Message
from apps.chats.services import send_file
from apps.chats.workspace import folders, memory, skills
from apps.chats.workspace.folders import session_directory, workspace
from tests.agents.support import Say
from tests.fakes.messages_api import MessagesApi, Text, ToolUse

SAFE = "The safe opens with 4711"

READ = """
import json, os, pathlib
found = {"other": [], "own": [], "written": []}
for root, folders, names in os.walk("/", followlinks=False):
    folders[:] = [name for name in folders if os.path.join(root, name) not in ("/proc", "/sys", "/usr", "/opt")]
    for name in names:
        path = pathlib.Path(root, name)
        try:
            said = path.read_bytes() if path.is_file() and path.stat().st_size < 1_000_000 else b""
        except OSError:
            continue
        if b"opens with " + b"4711" in said:
            found["other"].append(str(path))
        if b"our own " + b"memory" in said:
            found["own"].append(str(path))
walled = ("/workspace/global/CLAUDE.md", "/workspace/skills/x", "/workspace/x", "/home/agent/x")
for path in (*walled, "/workspace/group/x"):
    try:
        open(path, "a").close()
        found["written"].append(path)
    except OSError:
        pass
for pid in ("1", "self"):
    for up in ("root", "cwd"):
        try:
            found["other"] += [name for name in os.listdir(f"/proc/{pid}/{up}/../..") if name == "office"]
        except OSError:
            pass
print(json.dumps(found))
"""

PLANT = """
import os, socket, sys
theirs = sys.argv[1]
os.remove("CLAUDE.md")
os.symlink(f"{theirs}/CLAUDE.md", "CLAUDE.md")
os.symlink("/etc/passwd", "passwd.md")
os.symlink("../office/CLAUDE.md", "up.md")
os.symlink(theirs, "folder")
os.symlink(theirs, "attachments")
os.symlink(theirs, "conversations")
os.rmdir("logs")
os.symlink(theirs, "logs")
os.mkdir("skills")
os.symlink(theirs, "skills/theirs")
os.mkdir("skills/mine")
os.symlink(f"{theirs}/CLAUDE.md", "skills/mine/SKILL.md")
os.mkdir("skills/real")
open("skills/real/SKILL.md", "w").write("---\\ndescription: a real one\\n---\\n")
os.mkfifo("pipe.md")
os.mkdir("skills/pipe")
os.mkfifo("skills/pipe/SKILL.md")
socket.socket(socket.AF_UNIX).bind("socket.md")
open("<img src=x onerror=alert(1)>.md", "w").write("<script>alert(2)</script>")
open(b"\\xff\\xfe.md", "w").close()
open("two\\nlines.md", "w").close()
open("n" * 252 + ".md", "w").close()
open("real.md", "w").write("an honest note")
os.symlink("/", "/home/agent/.claude/everything")
os.mkfifo("/home/agent/.claude/pipe")
for kind, name in ((0o060000, "disk"), (0o020000, "memory")):
    try:
        os.mknod(name, kind | 0o666, os.makedev(8, 0))
        print("DEVICE")
    except OSError as error:
        print(name, error.strerror)
try:
    os.link("/workspace/global/CLAUDE.md", "hard.md")
    print("HARD LINK")
except OSError as error:
    print("hard", error.strerror)
"""


def promptly(function: Callable[[], object], seconds: float = 10.0) -> object:
    """What it gives back, at once: whoever waits for a pipe waits for ever."""
    given: list[object] = []
    thread = threading.Thread(target=lambda: given.append(function()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert given, "it waits, or has failed"
    return given[0]


@pytest.fixture
def planted(inside, group, office) -> str:
    """What the program of the agent's said that planted it all."""
    path = workspace(group).parent / "office"
    return str(inside(PLANT.replace("sys.argv[1]", repr(str(path)))))


@pytest.mark.docker
def test_no_file_of_another_group_is_found_in_the_container(inside, group, office, settings):
    session_directory(office.group).mkdir(parents=True, exist_ok=True)
    (session_directory(office.group) / "conversation.jsonl").write_text(SAFE)
    folders.create_workspace(group)
    (workspace(group) / "CLAUDE.md").write_text("This is our own memory.")
    found = json.loads(inside(READ))

    assert found["other"] == []
    assert "/workspace/group/CLAUDE.md" in found["own"]  # the counterpart: whoever looks, finds
    assert found["written"] == ["/workspace/group/x"]


@pytest.mark.docker
def test_what_an_agent_plants_the_host_does_not_follow(planted, group, office, say, sealed, admin_client: Client):
    theirs = workspace(office.group)
    owner = theirs.stat().st_uid
    assert planted.splitlines() == [
        "disk Operation not permitted", "memory Operation not permitted", "hard Invalid cross-device link",
    ]  # fmt: skip

    nothing_is_followed_before_the_next_container(group)
    assert theirs.stat().st_uid == owner
    nothing_is_followed_in_the_admin(group, admin_client)
    with pytest.raises(workspace_files.FileRefusedError):
        workspace_files.new_attachment(group, "cat.png")
    nothing_but_the_honest_note_is_sent(sealed, say)
    assert {path.name for path in theirs.iterdir()} == {"CLAUDE.md", "logs"}


def nothing_is_followed_before_the_next_container(group: Group) -> None:
    hand_over(group)
    assert folders.memory(group) == ""
    assert promptly(lambda: measure([workspace(group), session_directory(group)]).trouble) == ""
    assert skills.own(group) == ["real"]
    assert skills.description(group, "real") == "a real one"
    assert skills.description(group, "mine") == ""


def nothing_is_followed_in_the_admin(group: Group, admin_client: Client) -> None:
    shown = {file.path for file in memory.files(group)}
    assert shown == {"real.md", "<img src=x onerror=alert(1)>.md", f"{'n' * 252}.md"}
    for name in ("CLAUDE.md", "passwd.md", "up.md", "pipe.md", "socket.md"):
        with pytest.raises(workspace_files.FileRefusedError):
            memory.read(group, name)
    page = f"/admin/chats/group/{group.pk}/memory/"
    pages = [page, *(f"{page}file/?path={quote(name)}" for name in (*shown, "CLAUDE.md", "pipe.md"))]
    said = "".join(admin_client.get(each, follow=True).content.decode() for each in pages)
    assert "an honest note" in said
    assert "&lt;img src=x" in said
    assert not [words for words in ("<img src=x", "<script>alert(2)", SAFE, "root:") if words in said]


def nothing_but_the_honest_note_is_sent(sealed: MessagesApi, say: Say) -> None:
    tried = ["CLAUDE.md", "passwd.md", "up.md", "folder/CLAUDE.md", "pipe.md", "socket.md", "/proc/1/environ"]
    sealed.script(*[ToolUse("mcp__ngb__send_file", {"path": path}) for path in [*tried, "real.md"]], Text("Done."))
    execute(say("send").pk)
    assert list(Attachment.objects.values_list("path", flat=True)) == ["real.md"]
    assert Incident.objects.filter(kind="refused file", subject="team").count() == len(tried)


@pytest.fixture
def sent(group, chat, tmp_path) -> Callable[[str], Attachment]:
    def send(name: str) -> Attachment:
        folders.create_workspace(group)
        (workspace(group) / name).write_text("harmless")
        return send_file(chat, path=name, name=name, size=8).attachments.get()

    return send


def links(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def holes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)


@pytest.mark.parametrize("put", [os.mkfifo, links, holes, os.mkdir])
def test_a_file_that_is_exchanged_after_it_was_sent_is_neither_delivered_nor_shown(put, sent, group, admin_client):
    from apps.platforms.adapters.telegram.adapter import TelegramAdapter
    from apps.platforms.base import PlatformError
    from apps.platforms.outbound.parts import pieces

    good, attachment = sent("good.txt"), sent("report.txt")
    (workspace(group) / "report.txt").unlink()
    put(workspace(group) / "report.txt")

    def shown(one: Attachment) -> int:
        return int(admin_client.get(f"/chat/{group.folder}/files/{one.pk}/").status_code)

    def delivered(one: Attachment) -> str:
        try:
            return str(pieces(Message.objects.get(pk=one.message_id), TelegramAdapter.__new__(TelegramAdapter))[0])
        except PlatformError as error:
            return f"refused: {error}"

    assert (shown(good), "harmless" in delivered(good)) == (200, True)
    assert shown(attachment) == 404
    assert delivered(attachment).startswith("refused: ")


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>.html", "a\r\nSet-Cookie: x.txt", '"; filename=evil.exe']
)
def test_a_hostile_name_stays_a_name(name, group, chat, admin_client):
    folders.create_workspace(group)
    (workspace(group) / "x").write_text("<script>alert(1)</script>")
    attachment = send_file(chat, path="x", name=name, size=9).attachments.get()
    answer = admin_client.get(f"/chat/{group.folder}/files/{attachment.pk}/")
    page = admin_client.get(f"/chat/{group.folder}/").content.decode()

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "\n" not in answer.headers["Content-Disposition"]
    assert "Set-Cookie" not in answer.headers
    assert "<img src=x" not in page

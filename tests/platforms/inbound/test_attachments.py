"""Files in and out, through the real listeners and a Bot API that speaks the wire."""

import os

import pytest

from apps.agents.models import Run
from apps.agents.sandbox import workspace_files
from apps.agents.services import session_for
from apps.agents.toolkit import registry
from apps.agents.turns import prompts
from apps.chats import services
from apps.chats.models import Attachment, Message
from apps.chats.workspace.folders import workspace
from tests.fakes.stand_in import Hang
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 5000


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def prompt(run):
    composed = prompts.compose(run)
    assert composed
    return composed.text


def photo(file_id="small", size=100):
    return [{"file_id": file_id, "file_unique_id": file_id, "width": size, "height": size, "file_size": size}]


def document(name, file_id="doc", size=10):
    return {
        "file_id": file_id,
        "file_unique_id": file_id,
        "file_name": name,
        "mime_type": "text/plain",
        "file_size": size,
    }


# In.


def test_a_photo_lies_in_the_groups_folder_before_the_agent_is_called(api, listeners, chat):
    api.files = {"small": b"s", "large": PNG}
    listeners.start()
    api.say(caption="@Andy what is this?", photo=photo("small", 10) + photo("large", 90))

    run = until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG
    assert (attachment.state, attachment.size, attachment.kind) == ("ready", len(PNG), "image")
    assert f'path="{attachment.path}"' in prompt(run)


def test_a_file_that_is_not_to_be_had_becomes_a_placeholder(api, listeners, chat):
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt", "gone"))

    run = until(Run.objects.first)
    assert Attachment.objects.get().state == "failed"
    assert 'missing="Telegram refused it' in prompt(run)


def test_a_download_that_hangs_holds_the_message_up_only_so_long(api, listeners, chat, settings):
    settings.MEDIA_WAIT = 0.5
    api.files = {"doc": b"late"}
    api.fail("file", Hang(300))
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt"))

    assert until(Run.objects.first)
    assert "within 0.5 s" in Attachment.objects.get().error
    assert not list((workspace(chat.group) / "attachments").iterdir())


def test_too_large_a_file_is_not_kept_whatever_it_was_said_to_be(api, listeners, chat, settings):
    settings.MEDIA_LIMIT = 1000
    api.files = {"doc": b"x" * 5000}
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt", size=10))

    until(Run.objects.first)
    assert "larger than 1,000 bytes" in Attachment.objects.get().error
    assert not list((workspace(chat.group) / "attachments").iterdir())


def test_a_question_about_an_earlier_photo_waits_for_it(api, listeners, chat):
    api.files = {"small": PNG}
    api.fail("file", Hang(1))
    listeners.start()
    api.say(photo=photo())
    api.say("@Andy what is this?")

    run = until(Run.objects.first)
    assert Attachment.objects.get().state == "ready"
    assert prompt(run).count("<message ") == 2


def test_an_album_is_one_message(api, listeners, chat):
    api.files = {"one": b"1", "two": b"2", "three": b"3"}
    listeners.start()
    with api.changed:  # they come in one answer
        api.say(caption="@Andy look", photo=photo("one"), media_group_id="g")
        api.say(photo=photo("two"), media_group_id="g")
        api.say(photo=photo("three"), media_group_id="g")

    run = until(Run.objects.first)
    assert Message.objects.inbound().count() == Run.objects.count() == 1
    assert prompt(run).count("<attachment ") == 3


def test_a_folder_that_the_agent_made_a_link_leads_nowhere(api, listeners, chat, tmp_path):
    (workspace(chat.group) / "attachments").symlink_to(tmp_path)
    api.files = {"doc": b"text"}
    listeners.start()
    api.say(caption="@Andy read", document=document("a.txt"))

    until(Run.objects.first)
    assert "cannot be used" in Attachment.objects.get().error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.txt", "x.txt"),
        ("...", "file"),
        (".bashrc", "bashrc"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("报告.docx", "报告.docx"),
        ("", "file"),
    ],
)
def test_a_name_is_a_plain_one(given, kept):
    assert workspace_files.plain_name(given) == kept


def test_a_long_name_keeps_its_ending():
    assert len(workspace_files.plain_name("名" * 500 + ".pdf").encode()) <= 120
    assert workspace_files.plain_name("名" * 500 + ".pdf").endswith(".pdf")


def test_an_existing_file_is_never_written_over(chat):
    for number in range(3):
        file, path = workspace_files.new_attachment(chat.group, "a.txt")
        with file:
            file.write(str(number).encode())
    assert path == "attachments/a-3.txt"
    assert (workspace(chat.group) / "attachments" / "a.txt").read_bytes() == b"0"


def test_a_file_that_is_not_wanted_is_removed_but_what_the_agent_put_in_its_place_is_not(chat):
    for name in ("a.txt", "b.txt"):
        workspace_files.new_attachment(chat.group, name)[0].close()
    mine, theirs = (workspace(chat.group) / "attachments" / name for name in ("a.txt", "b.txt"))
    theirs.unlink()
    theirs.mkdir()

    workspace_files.remove_inside(chat.group, "attachments/a.txt")
    workspace_files.remove_inside(chat.group, "attachments/b.txt")
    assert (mine.exists(), theirs.is_dir()) == (False, True)


# Out.


def put(chat, name, content=b"hello", path=None):
    target = workspace(chat.group) / (path or name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return services.send_file(chat, path=path or name, name=name, size=len(content), caption="**Here**")


def test_a_file_is_sent_with_its_caption(api, listeners, chat):
    listeners.start()
    put(chat, "report.txt")

    assert api.wait_for(lambda: api.uploads == [("report.txt", b"hello")])
    assert api.calls_of("sendDocument")[0].parameters["caption"] == "<b>Here</b>"
    assert until(lambda: Message.objects.outbound().get().delivery == "sent")


def test_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)

    assert api.wait_for(lambda: api.uploads == [("plot.png", PNG)])
    assert api.calls_of("sendPhoto")


def test_a_file_that_is_gone_or_became_a_link_is_not_sent(api, listeners, chat, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    message = put(chat, "report.txt")
    (workspace(chat.group) / "report.txt").unlink()
    (workspace(chat.group) / "report.txt").symlink_to(secret)
    listeners.start()

    assert until(lambda: Message.objects.get(pk=message.pk).delivery == "failed")
    assert not api.uploads


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/x", "link", "pipe", ".", "missing", "a\x00b"])
def test_only_an_ordinary_file_of_the_workspace_is_opened(chat, path, tmp_path):
    (tmp_path / "outside").write_text("x")
    (workspace(chat.group) / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(workspace(chat.group) / "pipe")

    with pytest.raises(workspace_files.FileRefusedError):
        workspace_files.open_inside(chat.group, path)


@pytest.mark.parametrize("path", ["a/b.txt", "/workspace/group/a/b.txt", "a/../a/b.txt", "inner"])
def test_a_file_inside_is_opened_links_resolved(chat, path):
    (workspace(chat.group) / "a").mkdir()
    (workspace(chat.group) / "a" / "b.txt").write_text("text")
    (workspace(chat.group) / "inner").symlink_to("a/b.txt")

    file, relative = workspace_files.open_inside(chat.group, path)
    with file:
        assert (file.read(), relative) == (b"text", "a/b.txt")


@pytest.fixture
def run(chat):
    return Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", thread_id="7")


def test_the_agent_sends_a_file_of_its_folder(chat, run):
    (workspace(chat.group) / "plot.png").write_bytes(PNG)

    assert registry.call(run, "send_file", {"path": "/workspace/group/plot.png", "caption": "Look"}) == "Sent."
    message = Message.objects.outbound().get()
    assert (message.kind, message.text, message.thread_id, message.delivery) == ("image", "Look", "7", "queued")
    assert message.attachments.get().path == "plot.png"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/etc/passwd", "does not lie in the workspace"), ("nothing", "no file"), ("empty", "has 0 bytes")],
)
def test_what_the_agent_may_not_send_is_said_to_it(chat, run, path, sentence):
    (workspace(chat.group) / "empty").touch()

    with pytest.raises(registry.ToolRefusedError, match=sentence):
        registry.call(run, "send_file", {"path": path})
    assert not Message.objects.exists()

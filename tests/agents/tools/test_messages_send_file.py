import pytest

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.agents.toolkit import registry
from apps.chats.models import Message
from apps.chats.workspace.folders import workspace
from tests.platforms.support import PNG

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


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

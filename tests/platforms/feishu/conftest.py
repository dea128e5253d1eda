import pytest

from apps.chats.models import Channel, Message
from tests.fakes.feishu_api import APP_ID, SECRET, FeishuApi
from tests.platforms.conftest import registered_chat
from tests.waiting import until


@pytest.fixture
def api():
    with FeishuApi() as server:
        yield server


def feishu_channel(api, name="bot", *, credentials=None, **options):
    given = {"app_id": APP_ID, "app_secret": SECRET, **(credentials or {})}
    return Channel.objects.create(
        platform="feishu", name=name, credentials=given, options={"api_base": api.url, **options}
    )


@pytest.fixture
def chat(api, settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")
    return registered_chat(feishu_channel(api), "oc_team")


@pytest.fixture
def quick(settings):
    """Pings, and whoever does not answer them is given up soon."""
    settings.CHANNEL_HEARTBEAT = 0.2


def inbound_one():
    return until(lambda: Message.objects.inbound().first())

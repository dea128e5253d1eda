import time

import pytest

from apps.chats.models import Channel, Message, Platform
from tests.fakes.dingtalk_api import CLIENT_ID, SECRET, DingTalkApi
from tests.platforms.conftest import registered_chat, status
from tests.waiting import until

database = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500
GROUP_SEND, DIRECT_SEND = "/v1.0/robot/groupMessages/send", "/v1.0/robot/oToMessages/batchSend"
OPEN, ACCESS = "/v1.0/gateway/connections/open", "/v1.0/oauth2/accessToken"


@pytest.fixture
def ding():
    with DingTalkApi() as server:
        yield server


@pytest.fixture
def quick(settings):
    """Whoever does not answer is given up soon; so is a machine that stands still for a moment."""
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 2


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def channel(ding, **credentials):
    known = {"client_id": CLIENT_ID, "client_secret": SECRET, **credentials}
    options = {"api_base": ding.url}
    return Channel.objects.create(platform=Platform.DINGTALK, name="bot", credentials=known, options=options)


@pytest.fixture
def chat(ding, transactional_db):
    return registered_chat(channel(ding), "cidgroup")


def session(ding, minutes=60.0):
    ends = int((time.time() + minutes * 60) * 1000)
    return {"session": ding.session, "session_ends": str(ends), "user": "", "kind": "group"}


def with_context(chat, **context):
    chat.context = context
    chat.save()
    return chat


def online(listeners):
    listeners.start()
    until(lambda: status() == "online")


def inbound():
    return until(lambda: Message.objects.inbound().first())


def kept():
    return Channel.objects.get(name="bot")

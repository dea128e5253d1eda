import pytest

from apps.chats.models import Channel, Message, Platform
from tests.environment import free_port
from tests.fakes.qq_onebot import SELF_ID, TOKEN, OneBot
from tests.platforms.conftest import registered_chat, status
from tests.waiting import until

database = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


@pytest.fixture
def bot():
    with OneBot() as implementation:
        yield implementation


@pytest.fixture
def quick(settings):
    """Whoever does not answer is given up soon; so is a machine that stands still for a moment."""
    settings.CHANNEL_HEARTBEAT = 0.3
    settings.CHANNEL_STALL_TIMEOUT = 2


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def channel(url, mode="forward", token=TOKEN, **options):
    credentials = {"mode": mode, "ws_url": url, "access_token": token}
    return Channel.objects.create(platform=Platform.QQ, name="bot", credentials=credentials, options=options)


@pytest.fixture
def chat(bot, transactional_db):
    return registered_chat(channel(bot.url), "group_777")


@pytest.fixture
def reverse_url():
    return f"ws://127.0.0.1:{free_port()}/onebot/"


@pytest.fixture
def reverse_chat(reverse_url, transactional_db):
    return registered_chat(channel(reverse_url, mode="reverse"), "group_777")


def online(listeners):
    listeners.start()
    until(lambda: status() == "online")


def kept():
    return Channel.objects.get(name="bot")


def inbound():
    return until(lambda: Message.objects.inbound().first())


def recorded(message, **fields):
    base = {"time": 1700000000, "self_id": SELF_ID, "post_type": "message", "message_type": "group", "group_id": 777}
    sender = {"user_id": 42, "nickname": "Ann", "card": "Annie", "role": "member"}
    whole = {**base, "sub_type": "normal", "message_id": -555, "user_id": 42, "anonymous": None, "sender": sender}
    return {**whole, "message": message, "raw_message": "…", "font": 0, **fields}


def image(url):
    return {"type": "image", "data": {"file": "a.png", "url": url}}

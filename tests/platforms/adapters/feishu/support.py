from apps.chats.models import Channel, Message
from tests.fakes.feishu_api import APP_ID, SECRET
from tests.waiting import until


def feishu_channel(api, name="bot", *, credentials=None, **options):
    given = {"app_id": APP_ID, "app_secret": SECRET, **(credentials or {})}
    return Channel.objects.create(
        platform="feishu", name=name, credentials=given, options={"api_base": api.url, **options}
    )


def inbound_one():
    return until(lambda: Message.objects.inbound().first())

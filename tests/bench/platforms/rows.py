"""The desk's own end: makes channels and chats, and notes when a message is stored. Needs django.setup() before."""

import threading
import time
from typing import Any

from apps.chats import services
from apps.chats.models import Channel, Chat, Message
from apps.dashboard.live import topic
from apps.events.pubsub import publish, subscription
from apps.platforms.registry import SPECS


class Rows:
    def __init__(self) -> None:
        self._told: dict[int, float] = {}  # the first publication of each message

    def prepare(self, platforms: list[dict[str, Any]]) -> dict[str, int]:
        group = services.create_group(folder="bench")
        channels, topics = {}, []
        for given in platforms:
            secret = {field.name for field in SPECS[given["platform"]].credentials}
            channel = Channel.objects.create(
                platform=given["platform"],
                name=given["platform"],
                enabled=False,
                credentials={name: value for name, value in given["options"].items() if name in secret},
                options={name: value for name, value in given["options"].items() if name not in secret},
            )
            chat = Chat.objects.create(channel=channel, external_id=given["chat"], group=group)
            channels[given["platform"]] = channel.pk
            topics.append(topic(chat.pk))
        threading.Thread(target=self._listen, args=(topics,), daemon=True).start()
        return channels

    def enable(self, platform: str) -> None:
        channel = Channel.objects.get(platform=platform)
        channel.enabled = True
        channel.save(update_fields=["enabled"])
        publish(services.CHANNELS_CHANGED, channel=channel.pk)

    def status(self, platform: str) -> tuple[str, str]:
        channel = Channel.objects.get(platform=platform)
        return channel.status, channel.status_detail

    def stored(self, _about: None) -> dict[str, float]:
        inbound = Message.objects.inbound().filter(pk__in=list(self._told))
        return {text: self._told[pk] for pk, text in inbound.values_list("pk", "text")}

    def _listen(self, topics: list[str]) -> None:
        with subscription(*topics) as receive:
            while True:
                told = receive(10)
                if told and told[1]["kind"] == "message":
                    self._told.setdefault(told[1]["message"], time.monotonic())

"""Shows an answer in an AI card while it is written, where the channel names a template with a streaming field."""

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.dingtalk.adapter import DingTalkAdapter
from apps.platforms.adapters.dingtalk.api import Json, OpenApi
from apps.platforms.adapters.dingtalk.dialect import lined
from apps.platforms.base import OutboundPart, PlatformError

DEFAULT_KEY = "content"


class CardAdapter(DingTalkAdapter):
    """Drafts are cards; everything else goes out as without them."""

    edit_every = 1.0  # DingTalk's examples wait half a second between two updates of a card

    @classmethod
    def of(cls, channel: Channel) -> DingTalkAdapter:
        """Without a template there are no cards."""
        return cls(channel) if channel.option("card_template") else DingTalkAdapter(channel)

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._template = str(channel.option("card_template"))
        self._key = str(channel.option("card_key") or DEFAULT_KEY)

    async def send(self, part: OutboundPart) -> str:
        if part.idempotency_key:  # drafts have none
            return await super().send(part)
        card = f"ngb-{uuid.uuid4()}"
        place = _place(self._api, part.chat_id, await self._context(part.chat_id))
        await self._api.call(
            "/v1.0/card/instances/createAndDeliver",
            {
                "cardTemplateId": self._template,
                "outTrackId": card,
                "callbackType": "STREAM",
                "cardData": {"cardParamMap": {self._key: ""}},
                "userIdType": 1,
                **place,
            },
        )
        await self._write(card, part, is_final=False)
        return card

    async def edit(self, message_id: str, part: OutboundPart) -> None:
        """The final message has a key, and with it the card stops showing that somebody writes."""
        await self._write(message_id, part, is_final=bool(part.idempotency_key))

    async def _write(self, card: str, part: OutboundPart, *, is_final: bool) -> None:
        update = {"outTrackId": card, "guid": str(uuid.uuid4()), "key": self._key, "content": lined(part.text)}
        flags = {"isFull": True, "isFinalize": is_final, "isError": False}
        await self._api.call("/v1.0/card/streaming", {**update, **flags}, method="PUT")


def _place(api: OpenApi, chat_id: str, context: Mapping[str, str]) -> Json:
    """Raises PlatformError for somebody of another company, whose id DingTalk does not tell."""
    if context.get("kind") != "direct":
        return {
            "openSpaceId": f"dtv1.card//IM_GROUP.{chat_id}",
            "imGroupOpenSpaceModel": {"supportForward": True},
            "imGroupOpenDeliverModel": {"robotCode": api.robot_code},
        }
    if not context.get("user"):
        raise PlatformError(_("DingTalk does not tell who this is: no card can be shown."), permanent=True)
    return {
        "openSpaceId": f"dtv1.card//IM_ROBOT.{context['user']}",
        "imRobotOpenSpaceModel": {"supportForward": True},
        "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": api.robot_code},
    }

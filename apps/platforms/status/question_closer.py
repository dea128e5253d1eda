"""Takes the buttons away where a question was asked, once somebody answered it or nobody did."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from apps.agents.models import Question
from apps.chats.models import Message
from apps.platforms.aio.database import in_database
from apps.platforms.aio.task_set import Errands
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.outbound import parts
from apps.platforms.outbound.rates import Rates

logger = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds for one edit
LOOKS = 60  # seconds for which a sending is waited for
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that asked, as it was delivered."""

    message: Message
    last_part: str  # the platform's id of the part with the buttons


class Settling:
    """Only a courtesy: a button that stays answers with a sentence when it is pressed."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]], rates: Rates) -> None:
        self._adapters = adapters
        self._rates = rates
        self._errands = Errands()

    def hear(self, publication: dict[str, Any]) -> None:
        if "question" in publication and len(self._errands) < MOST_AT_ONCE:
            self._errands.begin(self._settle(int(publication["question"])), name="question settled")

    async def close(self) -> None:
        await self._errands.cancel()

    async def _settle(self, question_id: int) -> None:
        try:
            await self._sent(question_id)
            for asked in await in_database(_settled, question_id):
                if adapter := self._adapters().get(asked.message.chat.channel_id):
                    await self._edit(asked, adapter)
        except (PlatformError, TimeoutError, DatabaseError) as error:
            logger.info("the buttons of question %s stay: %s", question_id, error)
        except Exception:
            logger.exception("the buttons of question %s could not be taken away", question_id)

    async def _sent(self, question_id: int) -> None:
        """What is just being sent was drawn with its buttons."""
        for _ in range(LOOKS):
            if not await in_database(_is_under_way, question_id):
                return
            await asyncio.sleep(1)

    async def _edit(self, asked: Asked, adapter: Adapter) -> None:
        part = await in_database(parts.settled, asked.message, adapter)
        if part is None or not adapter.buttons:
            return
        await self._rates.turn(asked.message.chat.channel_id, asked.message.chat.external_id, adapter)
        async with asyncio.timeout(TIMEOUT):
            await adapter.settle(asked.last_part, part)


def _is_under_way(question_id: int) -> bool:
    return Message.objects.filter(questions=question_id, delivery=Message.Delivery.SENDING).exists()


def _settled(question_id: int) -> list[Asked]:
    """Empty while it is open."""
    question = Question.objects.exclude(status=Question.Status.OPEN).filter(pk=question_id).first()
    if question is None or not question.choices:
        return []
    sent = question.messages.filter(delivery=Message.Delivery.SENT).select_related("chat")
    return [Asked(message, message.external_parts[-1]) for message in sent if message.external_parts]

"""Puts the channel's `ack_reaction` under the message with which the agent begins."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError

from apps.agents.models import Run
from apps.platforms.aio.database import in_database
from apps.platforms.aio.task_set import Errands
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.outbound.drafts import called_by

logger = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds for one reaction
MOST_AT_ONCE = 100


class Acknowledging:
    """Only a courtesy: a reaction that fails, or a publication that is lost, is not made up for."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]]) -> None:
        self._adapters = adapters
        self._errands = Errands()

    def hear(self, publication: dict[str, Any]) -> None:
        if publication.get("status") == Run.Status.RUNNING and len(self._errands) < MOST_AT_ONCE:
            self._errands.begin(self._acknowledge(int(publication["run"])), name="acknowledgement")

    async def close(self) -> None:
        await self._errands.cancel()

    async def _acknowledge(self, run_id: int) -> None:
        try:
            channel_id, chat_id, message_id, emoji = await in_database(_asked, run_id)
            adapter = self._adapters().get(channel_id)
            if adapter and message_id and emoji:
                async with asyncio.timeout(TIMEOUT):
                    await adapter.react(chat_id, message_id, emoji)
        except (PlatformError, TimeoutError, DatabaseError) as error:
            logger.info("run %s is not acknowledged: %s", run_id, error)
        except Exception:
            logger.exception("run %s could not be acknowledged", run_id)


def _asked(run_id: int) -> tuple[int, str, str, str]:
    """Channel, chat, message and emoji; empty where nobody wants one."""
    run = Run.objects.select_related("chat__channel").filter(pk=run_id, status=Run.Status.RUNNING).first()
    if run is None or run.chat is None:
        return 0, "", "", ""
    emoji = str(run.chat.channel.option("ack_reaction") or "")
    return run.chat.channel_id, run.chat.external_id, called_by(run) if emoji else "", emoji

"""Speaks over one OneBot websocket: actions out, each answered by its `echo`; events in."""

import asyncio
import json
import logging
from collections import deque
from itertools import count
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from apps.platforms.adapter_kit.json_frames import frame_of
from apps.platforms.adapters.qq.errors import REFUSED_TOKEN, UNAUTHORIZED, ended, refused
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)
# The library's own, at DEBUG, would write the token down, and at ERROR every stranger's nonsense.
wire = logging.getLogger(f"{__name__}.wire")
wire.setLevel(logging.CRITICAL)

MOST_WAITING = 10_000  # events that we have not come to
AT_ONCE = 100  # events that are stored together
MOST_BYTES = 16 * 1024 * 1024  # of one frame
CALL_TIMEOUT = 15.0

Json = dict[str, Any]


class Inbox:
    """The events that wait, and after them why no more will come."""

    def __init__(self) -> None:
        self._events: deque[Json] = deque()
        self._news = asyncio.Event()
        self._error: PlatformError | None = None

    def put(self, event: Json) -> None:
        if len(self._events) >= MOST_WAITING:
            self.end(PlatformError(_("More than %d events wait; those that follow are lost.") % MOST_WAITING))
            return
        self._events.append(event)
        self._news.set()

    def end(self, error: PlatformError) -> None:
        self._error = self._error or error
        self._news.set()

    async def take(self, seconds: float) -> list[Json]:
        """What came together; nothing after so many seconds. Raises PlatformError when all is read and over."""
        if not self._events and not self._error:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return []
        self._news.clear()
        if not self._events and self._error:
            raise self._error
        return [self._events.popleft() for _each in range(min(AT_ONCE, len(self._events)))]


class Link:
    """`read` runs as long as the connection; meanwhile `call`."""

    def __init__(self, socket: Connection, inbox: Inbox) -> None:
        self._socket = socket
        self._inbox = inbox
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._numbers = count(1)
        self._over: asyncio.Future[PlatformError] = asyncio.get_running_loop().create_future()

    async def read(self) -> PlatformError:
        """Returns why the connection ended; whoever waits for an answer is told too."""
        error = PlatformError(_("The OneBot implementation closed the connection."))
        try:
            async for raw in self._socket:
                frame = frame_of(raw, "OneBot")
                if "echo" in frame or "retcode" in frame:
                    self._answered(frame)
                elif frame:
                    self._inbox.put(frame)
        except ConnectionClosed as closed:
            error = ended(closed)
        except PlatformError as said:
            error = said
        except Exception:
            # Nobody awaits this with the rest: what it does not say here would be a connection that stays silent.
            logger.exception("a connection to QQ broke by a mistake of ours")
            error = PlatformError(_("An unexpected error; see the log."))
        finally:
            self._over.set_result(error)
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(PlatformError(str(error), permanent=error.permanent, ambiguous=True))
        return error

    def _answered(self, frame: Json) -> None:
        waiting = self._answers.get(str(frame.get("echo")))
        if waiting and not waiting.done():
            waiting.set_result(frame)
        elif frame.get("retcode") in UNAUTHORIZED:
            raise PlatformError(_(REFUSED_TOKEN), permanent=True)

    async def call(self, action: str, seconds: float = CALL_TIMEOUT, /, **params: Any) -> Json:
        """The answer's `data`; raises PlatformError."""
        echo = str(next(self._numbers))
        answer = self._answers[echo] = asyncio.get_running_loop().create_future()
        frame = json.dumps({"action": action, "params": params, "echo": echo})
        try:
            async with asyncio.timeout(min(seconds, settings.CHANNEL_STALL_TIMEOUT / 2)):
                await self._socket.send(frame)
                said = await answer
        except ConnectionClosed:
            raise await self._over from None  # what was said before it closed counts
        except TimeoutError:
            said = _("The OneBot implementation did not answer %s.") % action
            raise PlatformError(said, ambiguous=True) from None
        finally:
            del self._answers[echo]
            answer.cancel()  # nobody looks at it any more
        if said.get("status") == "failed" or said.get("retcode") not in (0, 1, None):
            raise refused(action, said)
        data = said.get("data")
        return data if isinstance(data, dict) else {}

    def abort(self) -> None:
        """At once, without a farewell: the other side may be long gone."""
        self._socket.transport.abort()

    async def close(self) -> None:
        await self._socket.close()

"""Remembers where the gateway goes on after a break: Discord repeats what came after the last stored event."""

from dataclasses import dataclass, replace

from discord.gateway import DiscordWebSocket

MOST_RESUMES = 5  # attempts in a row without an answer, after which we begin anew


@dataclass(frozen=True, slots=True)
class Session:
    """`sequence`: the last event that is stored."""

    id: str
    sequence: int
    gateway: str
    tries: int = 0


# Outlives the adapters: each connection has a new one. By channel and token.
_SESSIONS: dict[tuple[int, str], Session] = {}


class Resumption:
    """One channel's session."""

    def __init__(self, channel_id: int, token: str) -> None:
        self._key = (channel_id, token)

    def take(self) -> Session | None:
        """To try once more; None: begin anew."""
        session = _SESSIONS.get(self._key)
        if session is None or session.tries >= MOST_RESUMES:
            self.forget()
            return None
        _SESSIONS[self._key] = replace(session, tries=session.tries + 1)
        return session

    def keep(self, socket: DiscordWebSocket) -> None:
        """Everything the socket has heard is stored."""
        if socket.session_id and socket.sequence is not None:
            _SESSIONS[self._key] = Session(socket.session_id, socket.sequence, str(socket.gateway))

    def forget(self) -> None:
        _SESSIONS.pop(self._key, None)

from typing import Any

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import Gateway
from apps.agents.models import Run, Session
from apps.agents.providers import pool
from apps.chats.models import Group
from tests.agents.support import request, settle

FIRST_KEY, SECOND_KEY = "sk-first-of-the-keys", "sk-second-of-the-keys"


class Asking:
    """Model calls as the agent sees them: status, body, error."""

    def __init__(self, group: Group, link: Any, refusals: list[str]) -> None:
        self.group, self.link, self.refusals = group, link, refusals
        self.ledger = Ledger(Run(session=Session(group=group)))
        self.gateway = Gateway(self.link, on_refusal=refusals.append, ledger=self.ledger, asked=self._providers)

    def __call__(self, **fields: Any) -> tuple[int, bytes, str | None]:
        pool.forget()
        pool.refresh()
        call_id = str(len(self.link.frames))
        self.gateway.take(request(call_id, **fields))
        answer: tuple[int, bytes, str | None] = self.link.ended(call_id)
        settle(self.gateway)
        return answer

    def _providers(self) -> list[pool.Provider]:
        return pool.candidates(self.group.provider_id)

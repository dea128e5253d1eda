"""The last call that a run may make is not taken from it by the one before."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.agents.billing.ledger import Ledger
from apps.agents.gateway.gateway import Gateway
from apps.agents.providers import pool
from apps.chats.models import Group
from tests.agents.support import HeardLink, request, settle
from tests.fakes.messages_api import MessagesApi


class Eager(HeardLink):
    """An agent that asks again the moment it has heard its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asks = lambda: None

    def send(self, type_: str, **fields: Any) -> None:
        super().send(type_, **fields)
        if type_ == "http_end":
            self.asks()


@pytest.fixture
def calls(group: Group, ledger: Callable[..., Ledger], claude: MessagesApi) -> tuple[Ledger, list[str]]:
    """What the ledger says to a second call, as soon as the first has its answer."""
    group.max_turns = 2
    group.save()
    link: Any = Eager()
    one, heard = ledger(), []
    one._group = group
    link.asks = lambda: heard.append(one.admit())
    gateway = Gateway(link, on_refusal=heard.append, ledger=one, asked=pool.from_environment)
    gateway.take(request())
    settle(gateway)
    return one, heard


def test_an_answered_call_counts_once(calls):
    ledger, heard = calls
    assert heard == [""]
    assert ledger.admit() == "The run has made the 2 model calls that one run may make."

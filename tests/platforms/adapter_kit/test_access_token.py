import asyncio

import pytest

from apps.platforms.adapter_kit.access_token import Token
from apps.platforms.base import PlatformError


class Lender:
    """Counts how often it is asked; each token is good for a hundred seconds."""

    def __init__(self):
        self.asked = 0
        self.now = 0.0

    async def fetch(self):
        self.asked += 1
        await asyncio.sleep(0.01)
        return f"t{self.asked}", 100.0

    def token(self):
        return Token(self.fetch, clock=lambda: self.now)


def test_many_who_ask_at_once_fetch_once():
    lender = Lender()

    async def ask():
        token = lender.token()
        return await asyncio.gather(*(token.get() for _ in range(20)))

    assert set(asyncio.run(ask())) == {"t1"}
    assert lender.asked == 1


def test_it_is_renewed_before_it_ends_and_not_sooner():
    lender = Lender()

    async def ask():
        token, seen = lender.token(), []
        for lender.now in (0, 89, 91):
            seen.append(await token.get())
        return seen

    assert asyncio.run(ask()) == ["t1", "t1", "t2"]


def test_only_the_refused_one_is_forgotten():
    async def ask():
        token = Lender().token()
        first = await token.get()
        token.forget(first)
        second = await token.get()
        token.forget(first)
        return first, second, await token.get()

    assert asyncio.run(ask()) == ("t1", "t2", "t2")


def test_a_refusal_reaches_who_asked_and_the_next_one_asks_again():
    answers = iter([PlatformError("no"), None])

    async def fetch():
        if error := next(answers):
            raise error
        return "t", 100.0

    async def ask():
        token = Token(fetch)
        with pytest.raises(PlatformError):
            await token.get()
        return await token.get()

    assert asyncio.run(ask()) == "t"

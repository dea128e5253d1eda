"""Hostile payloads made from recorded ones: keys dropped, values of other types, things nested where none belong.

def test_no_payload_breaks_the_translation():
    assert survived(inbound, mutations(RECORDED)) > 0
"""

import copy
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from apps.chats.inbound import InboundMessage
from apps.platforms.base import Alive, Batch, Identity, Moved, PayloadError, Receipt

STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1.5, float("nan"), "", "x" * 5000, "\x00", "\ud800", "２", "../../etc/passwd"),
    *([], {}, [[]], [{}], {"a": {"b": []}}, ["text"], {"text": "text"}),
)
SEED = 20260115


def mutations(payload: Any, *, random_ones: int = 100) -> list[Any]:
    """Every key dropped, every value replaced by every strange one, and some random combinations."""
    found = [variant for path in _paths(payload) for variant in _at(payload, path)]
    found += list(STRANGE)
    dice = random.Random(SEED)
    for _ in range(random_ones):
        mutated = copy.deepcopy(payload)
        for _ in range(dice.randint(2, 5)):
            if paths := list(_paths(mutated)):
                mutated = _put(mutated, dice.choice(paths), copy.deepcopy(dice.choice(STRANGE)))
        found.append(mutated)
    return found


def survived(translate: Callable[[Any], Any], payloads: Iterable[Any]) -> int:
    """How many became events, messages or nothing; the others a PayloadError, the only exception that may come out."""
    return sum(_is_translated(translate, payload) for payload in payloads)


def _is_translated(translate: Callable[[Any], Any], payload: Any) -> bool:
    try:
        translated = translate(payload)
    except PayloadError:
        return False
    known = (InboundMessage, Batch, Moved, Receipt, Identity, Alive)
    found = translated if isinstance(translated, list | tuple) and not isinstance(translated, Batch) else [translated]
    assert all(each is None or isinstance(each, known) for each in found), translated
    for message in (each for each in found if isinstance(each, InboundMessage)):
        assert all(isinstance(text, str) for text in (message.external_id, message.chat_id, message.sender_id))
        assert isinstance(message.text, str)
        assert message.external_id
    return True


def _paths(payload: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(payload, Mapping):
        inner: Sequence[tuple[Any, Any]] = list(payload.items())
    elif isinstance(payload, list):
        inner = list(enumerate(payload))
    else:
        return
    for key, value in inner:
        yield (*before, key)
        yield from _paths(value, (*before, key))


def _at(payload: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    dropped = copy.deepcopy(payload)
    del _within(dropped, path[:-1])[path[-1]]
    yield dropped
    for strange in STRANGE:
        yield _put(payload, path, copy.deepcopy(strange))


def _put(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    mutated = copy.deepcopy(payload)
    _within(mutated, path[:-1])[path[-1]] = value
    return mutated


def _within(payload: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        payload = payload[key]
    return payload

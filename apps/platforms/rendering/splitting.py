"""A long text in parts: cut between blocks first, then lines, sentences, words, and only then anywhere."""

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from apps.platforms.rendering.document import Block, Kind

Fits = Callable[[Sequence[Block]], bool]

LEAST = 200  # characters of a cut block that are worth standing at a part's end
LINE_END = re.compile(r"\n")
BOUNDARIES = (LINE_END, re.compile(r"(?<=[.!?…])\s|(?<=[。！？])"), re.compile(r"\s"))
JOINERS = "\u200d\ufe0f"


def split(blocks: Iterable[Block], fits: Fits) -> Iterator[list[Block]]:
    """Parts that fit, in order. What is cut goes on as a block of the same kind: code is closed and opened again."""
    part: list[Block] = []
    waiting = deque(blocks)
    while waiting:
        block = waiting.popleft()
        if fits([*part, block]):
            part.append(block)
            continue
        head, tail = (None, block) if fits([block]) else _divide(block, part, fits)
        if head:
            part.append(head)
        if not part:  # not even one character: what surrounds it is too long, a link's address for one
            tail = block.bare()
        else:
            yield part
            part = []
        waiting.extendleft([tail] if tail else [])
    if part:
        yield part


def _divide(block: Block, part: Sequence[Block], fits: Fits) -> tuple[Block | None, Block | None]:
    """As much of the block as still fits behind the part, and the rest."""
    most = _most(block, part, fits)
    if most == 0 or (part and most < LEAST):
        return None, block
    text = block.text
    end = _cut_at(text, most, BOUNDARIES if block.kind is not Kind.CODE else (LINE_END,))
    start = end + _gap(text[end:], block.kind)
    return block.cut(0, end), block.cut(start) if start < len(text) else None


def _most(block: Block, part: Sequence[Block], fits: Fits) -> int:
    """The largest number of the block's characters that fit, found by halving."""
    low, high = 0, len(block.text)
    while low < high:
        middle = (low + high + 1) // 2
        if fits([*part, block.cut(0, middle)]):
            low = middle
        else:
            high = middle - 1
    return low


def _gap(rest: str, kind: Kind) -> int:
    """How many characters the cut itself replaces: white space, in code only the line's end."""
    if kind is Kind.CODE:
        return 1 if rest.startswith("\n") else 0
    return len(rest) - len(rest.lstrip())


def _cut_at(text: str, most: int, boundaries: Iterable[re.Pattern[str]]) -> int:
    """The last good place, unless it would waste most of the part."""
    for boundary in boundaries:
        places = [found.start() for found in boundary.finditer(text, 0, most + 1)]
        if places and places[-1] >= max(most // 3, 1):
            return places[-1]
    return _whole_characters(text, most)


def _whole_characters(text: str, end: int) -> int:
    """Moves back a little where the cut would separate an accent or a joined emoji from its base."""
    for place in range(end, max(end - 8, 0), -1):
        follower = text[place : place + 1]
        joined = unicodedata.combining(follower or " ") or follower in JOINERS or text[place - 1] == "\u200d"
        if not (follower and joined):
            return place
    return end

"""Finds what was said in a group, in any language: every word must occur, wherever in the text.

There is no index of words: it would make storing a message cost half as much again, and those for words without spaces
between them find no Chinese word of two characters. Looking through 100,000 takes 0.1 to 0.2 s.
"""

import re

from django.db.models import Q

from apps.chats.models import Group, Message

WORDS = re.compile(r'"([^"]+)"|(\S+)')
MOST_WORDS = 10


def search(group: Group, words: str, *, limit: int = 20, before: int | None = None, sender: str = "") -> list[Message]:
    """The newest first; `"two words"` in quotes stand together. before: only messages older than this primary key.

    sender: part of the name. Without words and sender nothing is found.
    """
    wanted = [phrase or word for phrase, word in WORDS.findall(words)][:MOST_WORDS]
    if not wanted and not sender.strip():
        return []
    found = Message.objects.filter(chat__in=list(group.chats.values_list("pk", flat=True)))
    found = found.filter(withheld=False).exclude(kind=Message.Kind.REACTION)
    for word in wanted:
        found = found.filter(_any_case("text", word))
    if sender.strip():
        found = found.filter(_any_case("sender_name", sender.strip()))
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.select_related("chat__channel").order_by("-pk")[:limit])


def _any_case(field: str, word: str) -> Q:
    """SQLite takes letters beyond ASCII as they are, so the usual ways to write a word are tried."""
    condition = Q(**{f"{field}__icontains": word})
    for variant in {word.lower(), word.upper(), word.capitalize()} - {word}:
        if not word.isascii():
            condition |= Q(**{f"{field}__icontains": variant})
    return condition

"""What webhooks remember for a while, in Redis: what was said already, and how often somebody was refused.

Never the truth: without Redis a replayed message still meets the unique constraint of the rows.
"""

import hashlib
import logging

import redis
from django.utils.translation import gettext as _

from apps.chats import incidents
from apps.chats.models import Channel
from apps.events.pubsub import PREFIX, connection

logger = logging.getLogger(__name__)

REMEMBERED = 3600  # seconds; longer than any window of accepted times
REFUSALS_WINDOW = 600  # seconds in which refusals are counted together
WORTH_TELLING = (5, 50, 500, 5000)  # so many within the window are an incident


def is_known(channel: Channel, once: str) -> bool:
    """Whether `remember` was told of it before."""
    if not once:
        return False
    try:
        return bool(connection().exists(_key(channel, once)))
    except redis.RedisError as error:
        logger.warning("replays on %s are not looked for: %s", channel, error)
        return False


def remember(channel: Channel, once: str) -> None:
    """After the commit: a delivery that failed may come again."""
    if not once:
        return
    try:
        connection().set(_key(channel, once), 1, ex=REMEMBERED)
    except redis.RedisError as error:
        logger.warning("a delivery on %s is not remembered: %s", channel, error)


def count_refusal(channel: Channel, sentence: str) -> None:
    """Logged each time; an incident only when it repeats, so that a stranger cannot fill the table."""
    logger.warning("a request for %s was refused: %s", channel, sentence)
    try:
        key = f"{PREFIX}refused:{channel.pk}"
        times = int(connection().incr(key))
        if times == 1:
            connection().expire(key, REFUSALS_WINDOW)
    except redis.RedisError as error:
        logger.warning("refusals for %s are not counted: %s", channel, error)
        return
    if times in WORTH_TELLING:
        incidents.record("webhook", channel, _("Requests are refused again and again: %s") % sentence)


def _key(channel: Channel, once: str) -> str:
    return f"{PREFIX}once:{channel.pk}:{hashlib.sha256(once.encode()).hexdigest()[:32]}"

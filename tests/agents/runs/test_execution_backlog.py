"""What people wrote among themselves for months is handled by the one run that is called at last."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from apps.agents.runs import execution
from apps.chats.models import Message


@contextmanager
def few_values() -> Iterator[None]:
    """SQLite as it would be with a lower limit of values in a statement; PostgreSQL has none that matters."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    kind, raw = sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, connection.connection
    usual = raw.setlimit(kind, 200)
    try:
        yield
    finally:
        raw.setlimit(kind, usual)


def test_more_messages_than_fit_into_one_statement_are_handled(say, chat, replies, settings, monkeypatch):
    settings.AGENT_PROMPT_LIMIT = 10
    monkeypatch.setattr(execution, "AT_A_TIME", 50)
    chatter = {"chat": chat, "direction": "in", "sender_name": "Ann", "text": "chatter"}
    Message.objects.bulk_create([Message(external_id=uuid.uuid4().hex, **chatter) for _ in range(300)], batch_size=10)

    with few_values():
        execution.execute(say("echo hello").pk)

    assert replies() == ["hello"]
    assert set(Message.objects.inbound().values_list("run__status", flat=True)) == {"succeeded"}

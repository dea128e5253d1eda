"""The floor of intake: the same rows, each inserted by the database's own driver in a transaction of its own."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Message

FIELDS = [field for field in Message._meta.concrete_fields if not field.primary_key]


class BareInsert:
    """A connection beside Django's, which commits every statement."""

    def __init__(self, channel: Channel) -> None:
        self._chats = {chat.external_id: chat for chat in Chat.objects.filter(channel=channel)}
        self._connection: Any = _sqlite() if connection.vendor == "sqlite" else _postgresql()
        places = ", ".join(["?" if connection.vendor == "sqlite" else "%s"] * len(FIELDS))
        columns = ", ".join(str(field.column) for field in FIELDS)
        self._statement = f"INSERT INTO {Message._meta.db_table} ({columns}) VALUES ({places})"

    def insert(self, messages: Iterable[InboundMessage]) -> None:
        for message in messages:
            self._connection.execute(self._statement, self._row(message))

    def _row(self, message: InboundMessage) -> list[Any]:
        row = Message(
            chat=self._chats[message.chat_id],
            direction=Message.Direction.IN,
            external_id=message.external_id,
            sender_name=message.sender_name,
            text=message.text,
            sent_at=message.sent_at,
        )
        return [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in FIELDS]


def _sqlite() -> sqlite3.Connection:
    database = settings.DATABASES["default"]
    bare = sqlite3.connect(database["NAME"], isolation_level=None)
    bare.executescript(database["OPTIONS"]["init_command"])
    return bare


def _postgresql() -> "psycopg.Connection[Any]":
    names = connection.settings_dict
    return psycopg.connect(
        host=names["HOST"],
        port=names["PORT"] or None,
        user=names["USER"],
        password=names["PASSWORD"] or None,
        dbname=names["NAME"],
        autocommit=True,
    )

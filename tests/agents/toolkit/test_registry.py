"""Tools are named, described and given their input, wherever they are defined."""

import json
from typing import Any

from pydantic import BaseModel, Field

from apps.agents.toolkit import registry
from apps.chats.models import Group, Message
from tests.agents.support import outbox, refused


def test_an_unknown_tool_is_named_together_with_those_that_there_are(run):
    assert "send_message" in refused(run, "fly")
    assert "register_group" not in refused(run, "fly")


def test_a_definition_repeats_no_names_and_keeps_a_field_that_is_called_title():
    class Book(BaseModel):
        title: str = Field(description="Of the book.")

    schema = registry._untitled(Book.model_json_schema())

    assert schema["properties"] == {"title": {"type": "string", "description": "Of the book."}}
    assert "title" not in schema
    assert '"title"' not in json.dumps(registry.definitions(Group(is_main=True)))


def test_a_wrong_input_is_told_by_its_field(run):
    assert refused(run, "send_message", text="").startswith("text: ")
    assert not outbox().exists()


def test_what_no_database_keeps_is_left_out_of_every_input(run):
    assert registry.call(run, "send_message", {"text": "a\0b", "chat": "telegram:-1001\0"}) == "Sent."
    assert Message.objects.outbound().get().text == "ab"
    assert "Give words" in registry.call(run, "search_messages", {"words": "\0"})


def test_an_input_that_is_nested_too_deep_is_told(run):
    deep: Any = 1
    for _ in range(2000):
        deep = [deep]
    assert refused(run, "send_message", text=deep) == "Its input is nested too deep."

import json
from typing import Any

import pytest

from apps.agents.gateway.metering import MAX_TOKENS, Meter
from apps.agents.pricing import Usage

STREAM = b"""event: message_start
data: {"type":"message_start","message":{"model":"claude-sonnet-4-5",\
"usage":{"input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":1}}}

event: content_block_delta
data: {"type":"content_block_delta","delta":{"text":"usage \\"usage\\""}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50}}

"""


def test_a_stream_is_counted_however_it_is_cut():
    for size in (1, 7, 64, len(STREAM)):
        meter = Meter(streamed=True)
        for at in range(0, len(STREAM), size):
            meter.feed(STREAM[at : at + size])
        usage = meter.close()
        assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (100, 1000, 50)


@pytest.mark.parametrize(("place", "is_regional"), [("us", True), ("global", False), ("not_available", False)])
def test_where_it_was_answered_is_noted(place, is_regional):
    meter = Meter(streamed=False)
    meter.feed(json.dumps({"model": "m", "usage": {"input_tokens": 3, "inference_geo": place}}).encode())
    assert meter.close().is_regional is is_regional


def test_a_stream_that_breaks_off_is_reckoned_by_its_words():
    words = "word " * 300
    meter = Meter(streamed=True)
    meter.feed(STREAM.replace(b'usage \\"usage\\"', words.encode())[: -len(b"..., end") - 120])
    usage = meter.close()
    assert usage.input_tokens == 100
    assert 300 <= usage.output_tokens <= 600


def test_a_whole_answer_too_long_to_keep_is_reckoned_by_its_length():
    meter = Meter(streamed=False)
    for _ in range(6):
        meter.feed(b"x" * 1024 * 1024)
    assert meter.close().output_tokens > 1_000_000


def test_a_whole_answer_is_counted():
    meter = Meter(streamed=False)
    meter.feed(json.dumps({"model": "claude-haiku-4-5", "usage": {"input_tokens": 3, "output_tokens": 4}}).encode())

    assert (meter.close().output_tokens, meter.model) == (4, "claude-haiku-4-5")


NOTHING = {"input_tokens": 0, "output_tokens": 0}  # what LiteLLM says where the model behind it says nothing


@pytest.mark.parametrize("usage", [NOTHING, {}, {"output_tokens": None}, None, "many"])
def test_a_whole_answer_that_says_nothing_of_its_words_is_reckoned_by_them(usage):
    blocks = [
        {"type": "thinking", "thinking": "hm " * 100},
        {"type": "text", "text": "word " * 299 + "\ud800"},
        {"type": "tool_use", "id": "x", "name": "x", "input": {"path": "/x/" * 100}},
    ]
    meter = Meter(streamed=False)
    meter.feed(json.dumps({"model": "mine", "content": blocks, "usage": usage}).encode())

    assert 700 <= meter.close().output_tokens <= 800


def test_an_empty_answer_that_says_nothing_costs_nothing():
    meter = Meter(streamed=False)
    meter.feed(json.dumps({"model": "mine", "content": [], "usage": NOTHING}).encode())

    assert meter.close() == Usage()


def streamed(start: Any, end: Any, words: str = "word " * 300) -> Usage:
    """The events of a middleman; `start` and `end` are the usage in its first and last."""
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"model": "mine", "usage": start}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": words}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": end},
    ]
    meter = Meter(streamed=True)
    for event in events:
        meter.feed(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return meter.close()


@pytest.mark.parametrize("end", [NOTHING, {}, {"input_tokens": 0}, None, "many"])
def test_a_stream_that_says_nothing_of_its_words_is_reckoned_by_them(end):
    usage = streamed(NOTHING, end)

    assert (usage.input_tokens, 500 <= usage.output_tokens <= 510) == (0, True)


def test_a_stream_may_say_everything_at_its_end():
    usage = streamed(
        NOTHING | {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
        {"input_tokens": 200, "output_tokens": 34, "cache_read_input_tokens": 1000},
    )

    assert usage == Usage(input_tokens=200, output_tokens=34, cache_read_tokens=1000)


def test_an_error_answer_counts_nothing():
    meter = Meter(streamed=False)
    meter.feed(b'{"type":"error","error":{"message":"no"}}')

    assert meter.close() == Usage()


def test_hours_and_searches_are_counted_and_absurd_numbers_are_not_believed():
    meter = Meter(streamed=True)
    meter.feed(
        b'data: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,"output_tokens":1,'
        b'"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,'
        b'"ephemeral_1h_input_tokens":20}}}}\n'
        b'data: {"type":"message_delta","usage":{"input_tokens":50,"output_tokens":99999999999999999999,'
        b'"cache_read_input_tokens":-4,"server_tool_use":{"web_search_requests":2}}}\n'
    )

    used = meter.close()
    assert (used.input_tokens, used.cache_write_tokens, used.cache_write_1h_tokens) == (50, 30, 20)
    assert (used.output_tokens, used.cache_read_tokens, used.web_searches) == (MAX_TOKENS, 0, 2)

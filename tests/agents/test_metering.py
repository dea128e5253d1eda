import json

import pytest

from apps.agents.metering import Meter
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


def test_an_error_answer_counts_nothing():
    meter = Meter(streamed=False)
    meter.feed(b'{"type":"error","error":{"message":"no"}}')

    assert meter.close() == Usage()

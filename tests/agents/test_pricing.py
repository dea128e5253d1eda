from decimal import Decimal

import pytest

from apps.agents.pricing import PriceError, Usage, cost, parsed

MILLION = 1_000_000


def test_a_call_costs_what_anthropic_publishes():
    used = Usage(
        input_tokens=MILLION,
        output_tokens=100_000,
        cache_read_tokens=MILLION,
        cache_write_tokens=MILLION,
        web_searches=3,
    )

    each = [Decimal(3), Decimal("1.5"), Decimal("0.3"), Decimal("3.75"), Decimal("0.03")]
    assert cost(("claude-sonnet-4-5-20250929",), used, {}) == sum(each)


def test_what_is_cached_for_an_hour_costs_twice_the_input():
    used = Usage(cache_write_tokens=MILLION, cache_write_1h_tokens=MILLION // 4)

    assert cost(("claude-sonnet-4-5",), used, {}) == Decimal("3.75") * 3 / 4 + Decimal(6) / 4


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("claude-opus-4-1-20250805", 15),
        ("claude-opus-4-5", 5),
        ("claude-opus-5", 5),
        ("claude-opus-5-5", 4),
        ("claude-sonnet-5-5", 2),
        ("anthropic/claude-sonnet-4.5", 3),
    ],
)
def test_the_longest_name_counts(model, price):
    assert cost((model,), Usage(input_tokens=MILLION), {}) == price


def test_an_answer_from_one_country_costs_a_tenth_more():
    usage = Usage(input_tokens=MILLION, is_regional=True, web_searches=100)
    assert cost(("claude-sonnet-5-5",), usage, {}) == Decimal("2.2") + 1


def test_a_long_prompt_makes_the_whole_call_dearer():
    short = Usage(input_tokens=60_000, cache_read_tokens=40_000)
    long = Usage(input_tokens=60_001, cache_read_tokens=40_000)

    assert cost(("claude-haiku-5-5",), short, {}) == Decimal("0.0064")
    assert cost(("claude-haiku-5-5",), long, {}) == Decimal("0.0320005")


def test_a_provider_s_own_prices_replace_the_published_ones():
    own = parsed({"deepseek": {"input": 0.5, "output": 2}})

    used = Usage(input_tokens=MILLION, cache_read_tokens=MILLION)
    assert cost(("deepseek-chat",), used, own) == Decimal("0.55")
    assert cost(("claude-sonnet-4-5",), used, own) is None


def test_a_model_that_nobody_prices_has_no_cost():
    assert cost(("gpt-9",), Usage(input_tokens=5), {}) is None


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ([], "object is expected"),
        ({"x": 3}, "must be an object"),
        ({"x": {"input": 3}}, "no price for “output”"),
        ({"x": {"input": 3, "output": 4, "cache": 1}}, "unknown kind “cache”"),
        ({"x": {"input": "3", "output": 4}}, "must be a number"),
        ({"x": {"input": -1, "output": 4}}, "from 0"),
        ({"x": {"input": True, "output": 4}}, "must be a number"),
    ],
)
def test_a_wrong_price_list_is_said_in_words(raw, sentence):
    with pytest.raises(PriceError, match=sentence):
        parsed(raw)

"""What every agent tells the host during a turn fits into frames and lines."""

import pytest
from ngb_runner.agent import DELTA_LIMIT, STEP_LIMIT, Reporter, add_usage

from tests.runner.support import sent


def test_words_go_out_in_pieces_that_make_the_same_text() -> None:
    said = "ü" * DELTA_LIMIT + "e"
    frames = sent(lambda link: Reporter(link, lambda _result: None).delta(said))
    assert [frame["type"] for frame in frames] == ["delta", "delta"]
    assert [frame["text"] for frame in frames] == [said[:-1], "e"]


@pytest.mark.parametrize(
    ("told", "line"), [("ls\n  -la", "ls -la"), ("x" * 200, "x" * 200), ("x" * 201, "x" * 199 + "…")]
)
def test_a_step_is_one_short_line(told: str, line: str) -> None:
    (frame,) = sent(lambda link: Reporter(link, lambda _result: None).step("tool", told))
    assert (frame["kind"], frame["summary"], frame["detail"]) == ("tool", line, "")


def test_a_step_s_detail_is_cut_where_it_is_long_and_says_so() -> None:
    def story(link):
        for size in (STEP_LIMIT, STEP_LIMIT + 1):
            Reporter(link, lambda _result: None).step("text", "said", "x" * size)

    whole, long = sent(story)
    assert whole["detail"] == "x" * STEP_LIMIT
    assert f"[cut here: {STEP_LIMIT + 1} bytes" in long["detail"]


def test_tokens_are_added_up_and_what_is_no_number_counts_for_nothing() -> None:
    total: dict[str, int] = {}
    add_usage(total, {"input_tokens": 3, "output_tokens": None, "service_tier": "standard"})
    add_usage(total, None)
    add_usage(total, {"input_tokens": 4, "output_tokens": 5})
    assert total == {
        "input_tokens": 7,
        "output_tokens": 5,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }

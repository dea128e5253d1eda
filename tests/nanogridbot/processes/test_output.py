import io
import json
import logging

import pytest

from nanogridbot.processes.output import LONGEST_LINE, LineBuffer, Output, colours_wanted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_every_line_has_its_process_in_front() -> None:
    stream = io.StringIO()
    output = Output(stream, as_json=False, coloured=False)
    output.line("web", "hello\n")
    output.say("Ready")
    assert stream.getvalue() == "web       │ hello\nup        │ Ready\n"


def test_empty_lines_are_left_out() -> None:
    stream = io.StringIO()
    Output(stream, as_json=False, coloured=False).line("web", " \n")
    assert stream.getvalue() == ""


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colours_wanted(Terminal())
    assert not colours_wanted(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours_wanted(Terminal())


def test_coloured_prefix_ends_before_the_text() -> None:
    stream = io.StringIO()
    Output(stream, as_json=False, coloured=True).line("web", "hello")
    assert stream.getvalue() == "\x1b[36mweb       │ \x1b[0mhello\n"


def test_json_passes_untouched_and_other_lines_become_json() -> None:
    stream = io.StringIO()
    output = Output(stream, as_json=True, coloured=False)
    output.line("web", '{"event": "hello"}')
    output.line("redis", "# Out of memory 中文")
    first, second = stream.getvalue().splitlines()
    assert first == '{"event": "hello"}'
    assert {"event": "# Out of memory 中文", "logger": "redis", "level": "info"}.items() <= json.loads(second).items()


def test_reader_that_is_gone_does_not_stop_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(logging, "raiseExceptions", True)
    Output(Closed(), as_json=False, coloured=False).say("nobody hears this")
    assert not logging.raiseExceptions  # nor do the libraries' own lines complain any more


def test_lines_are_put_together_at_any_split() -> None:
    whole = "héllo\n中文\n".encode()
    for split in range(len(whole)):
        buffer = LineBuffer()
        assert [*buffer.feed(whole[:split]), *buffer.feed(whole[split:]), *buffer.feed(b"")] == ["héllo", "中文"]


def test_last_line_without_an_end_is_handed_out_at_the_end() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b"last words") == []
    assert buffer.feed(b"") == ["last words"]


def test_endless_line_is_cut() -> None:
    buffer = LineBuffer()
    lines = [line for _ in range(10) for line in buffer.feed(b"x" * LONGEST_LINE)]
    assert len(lines) >= 4
    assert max(map(len, lines)) <= 2 * LONGEST_LINE

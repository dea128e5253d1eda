import html

import pytest

from apps.agents import untrusted_text
from apps.platforms import rendering
from apps.platforms.registry import SPECS


@pytest.mark.parametrize("platform", ["plain", *sorted(platform for platform in SPECS if platform != "web")])
def test_no_dialect_takes_anything_of_a_request_away(platform):
    marks = "echo '```' && rm -rf * # _a_ *b* ~c~ <internal>d</internal>"
    given = {"command": f"{marks}\ncat <<'E'\n\n    indented\n# head\n> quote\n1. x\nE"}
    parts = rendering.parts(untrusted_text.shown(given), platform)
    wanted = [line.rstrip() for line in untrusted_text.shown(given).split("\n") if line.startswith("│ ")]
    assert len(wanted) == 8
    shown_as = "\n".join(html.unescape(part.text) for part in parts).replace("\u200b", "")  # between backticks
    for written in ("\n".join(part.plain for part in parts), shown_as):
        assert [line for line in wanted if line not in written] == []

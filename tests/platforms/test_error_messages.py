"""What may be wrong with a platform is told in the installation's language."""

import ast
import re
from pathlib import Path

from django.utils import translation

from apps import platforms
from apps.platforms import error_messages


def test_a_platforms_trouble_is_told_of_in_it_by_the_name_that_it_has_there():
    with translation.override("zh-hans"):
        assert error_messages.unreachable("DingTalk", "x") == "无法连接到 钉钉：x。"
        assert error_messages.closed("Slack", 1006) == "Slack 关闭了连接（1006）。"


SENTENCES = ("PlatformError", "WeComError", "AddressRefusedError", "WindowClosedError", "WebhookRefused", "Fetched")


def test_no_sentence_about_a_platform_stands_there_in_english_alone():
    bare = [
        f"{path}:{call.lineno}"
        for path in Path(platforms.__path__[0]).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in (*SENTENCES, "TranscriptionError")
        for said in (*call.args, *(keyword.value for keyword in call.keywords))
        if re.search(r"[A-Za-z]{3}", _bare_words(said))
    ]
    assert not bare


def _bare_words(said: ast.expr) -> str:
    """What is written there as it is, outside of every call."""
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    return " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))

"""What Feishu's messages become, and what becomes of the agent's markdown there."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from apps.platforms.adapters.feishu.dialect import DIALECT, Feishu
from apps.platforms.adapters.feishu.errors import refusal
from apps.platforms.adapters.feishu.payloads import Me, event, event_from
from apps.platforms.base import PayloadError
from apps.platforms.rendering import render
from tests.fakes import feishu_api
from tests.fakes.feishu_api import APP_ID, BOT, BOT_MENTION
from tests.platforms.fuzz import mutations, survived

ME = Me(APP_ID, BOT)


def translated(**message):
    found = event(feishu_api.event(**message), ME)
    assert found
    return found[0]


def of_type(message_type, content, **message):
    return translated(message_type=message_type, content=json.dumps(content), **message)


def post(*paragraphs, **more):
    return of_type("post", {"title": "", "content": list(paragraphs)}, **more)


def test_a_text_with_many_mentions_names_each():
    people = [{"key": f"@_user_{n}", "id": {"open_id": f"ou_{n}"}, "name": f"P{n}"} for n in range(1, 12)]
    message = translated(text="@_user_1 and @_user_11 and @_user_99", mentions=people)
    assert message.text == "@P1 and @P11 and @_user_99"
    assert not message.mentions_bot


def test_the_time_is_the_platforms():
    assert translated(text="x", create_time="1700000000123").sent_at == datetime.fromtimestamp(1700000000.123, UTC)


def test_a_direct_message_and_a_thread():
    assert translated(text="x", chat_type="p2p").chat_kind == "direct"
    assert translated(text="x", thread_id="omt", message_id="om_9").thread_id == "om_9"
    assert translated(text="x", thread_id="omt", root_id="om_3").thread_id == "om_3"
    assert translated(text="x", root_id="om_3", parent_id="om_4").thread_id == ""


@pytest.mark.parametrize(
    ("message_type", "content", "text", "kind", "source"),
    [
        ("image", {"image_key": "img"}, "[image]", "image", ("img", "image")),
        ("file", {"file_key": "f", "file_name": "a.txt"}, "[file: a.txt]", "file", ("f", "file")),
        ("audio", {"file_key": "f", "duration": 2}, "[voice message]", "voice", ("f", "file")),
        ("media", {"file_key": "f", "file_name": "v.mp4"}, "[video: v.mp4]", "video", ("f", "file")),
        ("file", {"file_key": "../../x"}, "[file]", "file", None),
        ("sticker", {"file_key": "f"}, "[sticker]", "sticker", None),
        ("interactive", {"title": "Poll", "elements": []}, "[card: Poll]", "other", None),
        ("share_chat", {"chat_id": "oc"}, "[shared chat]", "other", None),
        ("merge_forward", {"content": "x"}, "[forwarded messages]", "other", None),
        ("location", {"name": "Pier"}, "[location: Pier]", "other", None),
        ("invented_today", {}, "[invented_today]", "other", None),
        ("<script>", {}, "[message]", "other", None),
    ],
)
def test_every_kind_of_message_says_something(message_type, content, text, kind, source):
    message = of_type(message_type, content)
    assert (message.text, message.kind) == (text, kind)
    found = [(file.source["key"], file.source["type"]) for file in message.attachments]
    assert found == ([source] if source else [])


def test_a_rich_text_is_read():
    message = post(
        [
            {"tag": "at", "user_id": "@_user_1"},
            {"tag": "text", "text": " see "},
            {"tag": "a", "text": "it", "href": "x"},
        ],
        [{"tag": "img", "image_key": "i"}, {"tag": "emotion", "emoji_type": "SMILE"}, {"tag": "hr"}],
        [{"tag": "code_block", "language": "PYTHON", "text": "1 + 1"}],
        mentions=[BOT_MENTION],
    )
    assert message.text == "@Andy see it (x)\n[image][SMILE]———\n```python\n1 + 1\n```"
    assert message.mentions_bot
    assert len(message.attachments) == 1


def test_a_rich_text_under_a_language_is_read():
    assert of_type("post", {"zh_cn": {"title": "题", "content": [[{"tag": "text", "text": "文"}]]}}).text == "题\n文"


@pytest.mark.parametrize(
    "message",
    [
        {"text": "x", "sender": {"sender_id": {"open_id": BOT}, "sender_type": "app"}},
        {"text": ""},
        {"message_type": "system", "content": "{}"},
    ],
)
def test_what_is_no_news(message):
    assert event(feishu_api.event(**message), ME) is None


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 5000, "7"])
def test_a_content_that_makes_no_sense_is_an_error(content):
    with pytest.raises(PayloadError):
        translated(content=content)


def test_no_payload_breaks_the_translation():
    rich = {
        "content": [[{"tag": "at", "user_id": "@_user_1"}, {"tag": "a", "href": "x"}, {"tag": "img", "image_key": "i"}]]
    }
    recorded = [
        feishu_api.event("@_user_1 hi", mentions=[BOT_MENTION], parent_id="om_0", root_id="om_0", thread_id="omt"),
        feishu_api.event(message_type="file", content='{"file_key": "f", "file_name": "x"}'),
    ]
    bodies = [json.dumps(variant).encode() for each in recorded for variant in mutations(each)]
    assert survived(lambda body: event(event_from(body), ME), bodies) > 0
    posts = [feishu_api.event(message_type="post", content=json.dumps(content)) for content in mutations(rich)]
    assert survived(lambda post: event(post, ME), posts) > 0


# Out.


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("plain, nothing else.", "plain, nothing else."),
        ("**bold** *it* ~~gone~~ `x < y`", "**bold** *it* ~~gone~~ `x < y`"),
        ("snake\\_case * 2 <b>", "snake&#95;case &#42; 2 &#60;b&#62;"),
        ("# A **big** title", "**A big title**"),
        ("[site](https://x.y/a_(b))", "[site](https://x.y/a_%28b%29)"),
        ("[a_b](ftp://c_d)", "a&#95;b (ftp://c&#95;d)"),
        ("- a\n  - b", "• a\n&#160;&#160;• b"),
        ("```py\nif a < b:\n    c(*d)\n```", "```py\nif a < b:\n    c(*d)\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("> said\n> twice", "> said\n> twice"),
        ("x\n\n\\# no title", "x\n\n&#35; no title"),
        ("<at id=all></at>", "&#60;at id=all&#62;&#60;/at&#62;"),
        ("`<at id=all></at>`", "`<\u200bat id=all><\u200b/at>`"),
        ("**bold **x", "&#42;&#42;bold &#42;&#42;x"),
    ],
)
def test_the_dialect(markdown, written):
    assert render(markdown, DIALECT)[0].text == written


@pytest.mark.parametrize("limit", [120, 1000, 12_000])
def test_no_part_is_over_the_limit_in_bytes_as_they_travel(limit):
    text = '"quoted" **fett** 你好 \\ `code`\n\n' * 100 + "```\n" + "x = '\"'\n" * 200 + "```"
    dialect = Feishu(limit)
    parts = render(text, dialect)
    for part in parts:
        content = json.dumps({"c": part.text}, ensure_ascii=False)
        travelling = json.dumps({"content": content}, ensure_ascii=False).encode()
        assert len(travelling) <= limit + 40
    assert sum(part.plain.count("你好") for part in parts) == 100


@pytest.mark.parametrize(
    ("code", "status", "permanent", "waits"),
    [
        (230002, 400, True, False),
        (10014, 200, True, False),
        (99991672, 400, True, False),
        (99991400, 429, False, True),
        (230020, 400, False, True),
        (0, 429, False, True),
        (230049, 400, False, False),
        (5, 503, False, False),
        (99991663, 400, False, False),
    ],
)
def test_errors_are_told_apart(code, status, permanent, waits):
    error = refusal(code, "words", status=status, headers={"x-ogw-ratelimit-reset": "nonsense"})
    assert (error.permanent, error.retry_after is not None) == (permanent, waits)


def test_neither_the_web_process_nor_a_webhooks_adapter_loads_the_sdk():
    program = (
        "import os, django, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup();"
        "import apps.platforms.registry, apps.platforms.adapters.feishu.check, apps.platforms.adapters.feishu.webhook;"
        "import apps.platforms.adapters.feishu.adapter; sys.exit('lark_oapi' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0

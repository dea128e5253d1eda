import pytest

from apps.platforms.rendering import parts


def telegram(text):
    (part,) = parts(text, "telegram")
    return part.text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**bold** *it* ~~gone~~ `x < y`", "<b>bold</b> <i>it</i> <s>gone</s> <code>x &lt; y</code>"),
        ("**a *b* c**", "<b>a <i>b</i> c</b>"),
        ("# Head **x**", "<b>Head <b>x</b></b>"),
        ("a < b & c > d <b>", "a &lt; b &amp; c &gt; d &lt;b&gt;"),
        ('[t](https://x.y/?a=1&b="2")', '<a href="https://x.y/?a=1&amp;b=%222%22">t</a>'),
        ("[t](/relative)", "t (/relative)"),
        ("![alt](https://x.y/p.png)", '<a href="https://x.y/p.png">alt</a>'),
        ("```python\nprint('<')\n```", "<pre><code class=\"language-python\">print('&lt;')</code></pre>"),
        ("```\nx\n```", "<pre>x</pre>"),
        ('```a"><b>\nx\n```', '<pre><code class="language-ab">x</code></pre>'),
        ("> quoted\n> more", "<blockquote>quoted\nmore</blockquote>"),
        ("- a\n- b\n  - c", "• a\n• b\n  • c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("line\nnext\n\npara", "line\nnext\n\npara"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2<i>3</i>4"),
        ("[foo]: https://x.y", "[foo]: https://x.y"),
        ("<!-- note -->", "&lt;!-- note --&gt;"),
    ],
)
def test_telegrams_html(markdown, html):
    assert telegram(markdown) == html


def test_a_table_is_aligned_also_under_wide_characters():
    table = "| Name | 数 |\n|---|---|\n| 张三 | 1 |\n| Bob | 22 |"
    assert telegram(table) == "<pre>Name | 数\n-----+---\n张三 | 1\nBob  | 22</pre>"


def test_plain_text_keeps_a_links_address():
    assert parts("**see** [docs](https://x.y)", "plain")[0].text == "see docs (https://x.y)"


def test_the_web_page_gets_the_markdown_itself():
    assert parts("# x\n" * 5000, "web") == [("# x\n" * 5000, "# x\n" * 5000)]


def test_half_a_surrogate_pair_becomes_a_question_mark():
    assert parts("a \ud83d b", "telegram")[0].text == "a ? b"

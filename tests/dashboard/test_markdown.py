import pytest

from apps.dashboard.markdown import to_html


def test_an_answer_is_formatted():
    html = to_html("**bold** and `code`\n\n- one\n- two")

    assert "<strong>bold</strong>" in html
    assert "<li>one</li>" in html


@pytest.mark.parametrize("url", ["https://example.org/a?b=c", "http://example.org", "mailto:lena@example.org"])
def test_a_link_opens_without_telling_where_from(url):
    html = to_html(f"[here]({url})")

    assert f'href="{url}"' in html
    assert 'rel="noopener nofollow"' in html


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "/admin/"],
)
def test_other_links_stay_text(url):
    assert "<a" not in to_html(f"[here]({url})")
    assert "<a" not in to_html(f"<{url}>")


def test_raw_html_is_shown_not_run():
    html = to_html("<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>")

    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_a_picture_is_a_link_and_is_not_fetched():
    html = to_html("![my cat](https://tracker.example/cat.png)")

    assert "<img" not in html
    assert ">my cat</a>" in html


def test_an_attribute_cannot_be_smuggled_in():
    html = to_html('[x](https://a.example/"onmouseover="alert(1) "t\\" onclick=\\"alert(1)")\n\n```"><script>\nx\n```')

    assert 'onmouseover="' not in html
    assert 'onclick="' not in html
    assert "<script" not in html


def test_a_table_is_aligned_without_a_style():
    html = to_html("| a | b |\n|---|---:|\n| 1 | 2 |")

    assert '<td class="align-right">2</td>' in html
    assert "style=" not in html

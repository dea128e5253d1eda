"""An agent's answer as HTML: CommonMark with tables and strikethrough, no raw HTML, nothing loaded from elsewhere."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

SCHEMES = {"http", "https", "mailto"}


def to_html(text: str) -> SafeString:
    """Safe to put into a page: the parser escapes everything, and links are the only attribute the text may choose."""
    html: str = _parser().render(text)
    return mark_safe(html)  # noqa: S308 - raw HTML is off, links are checked below


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    parser.validateLink = is_safe_link  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("th_open", _cell)
    parser.add_render_rule("td_open", _cell)
    parser.add_render_rule("table_open", lambda *_: '<div class="table"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def is_safe_link(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and bool(parts.netloc or parts.path)


def _cell(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Alignment as a class: the content security policy allows no style attribute."""
    style = str(tokens[index].attrs.pop("style", ""))
    if style:
        tokens[index].attrs["class"] = style.replace("text-align:", "align-")
    return self.renderToken(tokens, index, options, env)


def _link(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    token.attrs |= {"rel": "noopener nofollow", "target": "_blank"}
    return self.renderToken(tokens, index, options, env)


def _image(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A picture from elsewhere is a link: fetching it would tell a stranger who reads this, and when."""
    token = tokens[index]
    link = Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
    name: Any = self.renderInlineAsText(token.children, options, env) or "↗"
    text = Token("text", "", 0, content=name)
    close = Token("link_close", "a", -1)
    return _link(self, [link], 0, options, env) + self.render([text], options, env) + self.render([close], options, env)

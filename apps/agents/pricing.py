"""What a model call costs: the prices that Anthropic publishes, or those that a provider's row names.

The table is https://platform.claude.com/docs/en/about-claude/pricing as of October 2026, with the pages of the single
models (…/docs/en/models/sonnet-5-5/overview). Batches and fast mode the gateway does not let through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

MILLION = Decimal(1_000_000)
# Of the input price, unless the table says otherwise.
CACHE_READ = Decimal("0.1")
CACHE_WRITE = Decimal("1.25")  # for five minutes
CACHE_WRITE_1H = Decimal(2)
REGIONAL = Decimal("1.1")  # of every token of a call that was answered in the United States alone ("Data residency")
WEB_SEARCH = Decimal(10)  # US$ for a thousand searches (docs.claude.com, "Web search tool", "Usage and pricing")


@dataclass(slots=True)
class Usage:
    """Tokens and searches of one or more model calls; what was written for an hour is a part of what was written."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    web_searches: int = 0
    cost_usd: Decimal = Decimal(0)
    is_regional: bool = False  # of one call

    def add(self, other: "Usage") -> None:
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cache_read_tokens += other.cache_read_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.cache_write_1h_tokens += other.cache_write_1h_tokens
        self.web_searches += other.web_searches
        self.cost_usd += other.cost_usd

    @property
    def prompt_tokens(self) -> int:
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True)
class Price:
    """US$ for a million tokens of each kind; for searches, for a thousand."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    web_search: Decimal = WEB_SEARCH

    def of(self, usage: Usage) -> Decimal:
        tokens = (
            self.input * usage.input_tokens
            + self.output * usage.output_tokens
            + self.cache_read * usage.cache_read_tokens
            + self.cache_write * (usage.cache_write_tokens - usage.cache_write_1h_tokens)
            + self.cache_write_1h * usage.cache_write_1h_tokens
        )
        tokens *= REGIONAL if usage.is_regional else 1
        return tokens / MILLION + self.web_search * usage.web_searches / 1000


def priced(per_input: str, per_output: str, *, cache_read: str = "") -> Price:
    """With the published multipliers for the cache."""
    base = Decimal(per_input)
    read = Decimal(cache_read) if cache_read else base * CACHE_READ
    return Price(base, Decimal(per_output), read, base * CACHE_WRITE, base * CACHE_WRITE_1H)


# By the beginning of the model's name; the longest match counts.
PUBLISHED: dict[str, Price] = {
    "claude-fable-5-1": priced("10", "50", cache_read="0.25"),
    "claude-mythos-5-1": priced("10", "50", cache_read="0.25"),
    "claude-fable-5": priced("10", "50"),
    "claude-mythos-5": priced("10", "50"),
    "claude-opus-5-5": priced("4", "20", cache_read="0.2"),
    "claude-opus-5": priced("5", "25"),
    "claude-opus-4-5": priced("5", "25"),
    "claude-opus-4-6": priced("5", "25"),
    "claude-opus-4-7": priced("5", "25"),
    "claude-opus-4-8": priced("5", "25"),
    "claude-opus-4": priced("15", "75"),
    "claude-sonnet-5-5": priced("2", "10", cache_read="0.1"),
    "claude-sonnet-5": priced("2", "10"),
    "claude-sonnet-4": priced("3", "15"),
    "claude-3-7-sonnet": priced("3", "15"),
    "claude-haiku-5-5": priced("0.1", "0.5"),
    "claude-haiku-4-5": priced("1", "5"),
    "claude-3-5-haiku": priced("0.8", "4"),
}
# Where a prompt of more tokens (the cache's counted in) makes every token of the call dearer.
DEARER_ABOVE: dict[str, tuple[int, Price]] = {"claude-haiku-5-5": (100_000, priced("0.5", "2.5"))}

KINDS = {"input", "output", "cache_read", "cache_write", "cache_write_1h", "web_search"}


class PriceError(Exception):
    """A price list cannot be understood; the sentence says where."""


def cost(models: tuple[str, ...], usage: Usage, own: Mapping[str, Price]) -> Decimal | None:
    """US$ by the first of the names that has a price: in the provider's own list, or without one in the published.

    None when none of them has.
    """
    for model in models:
        if own:
            found = _longest(own, model)
            if found:
                return own[found].of(usage)
        elif found := _longest(PUBLISHED, published_name(model)):
            limit, dearer = DEARER_ABOVE.get(found, (0, PUBLISHED[found]))
            return (dearer if usage.prompt_tokens > limit else PUBLISHED[found]).of(usage)
    return None


def published_name(model: str) -> str:
    """Anthropic's own name of what a middleman calls `anthropic/claude-sonnet-4.5`."""
    return model.rpartition("/")[2].replace(".", "-")


def _longest(prices: Mapping[str, Price], model: str) -> str | None:
    return max((name for name in prices if model.startswith(name)), key=len, default=None)


def parsed(raw: Any) -> dict[str, Price]:
    """A provider's price list as the admin holds it; raises PriceError with a sentence."""
    if not isinstance(raw, dict):
        raise PriceError(_("A JSON object is expected: model names, and under each its prices."))
    return {str(name): _price(str(name), given) for name, given in raw.items()}


def _price(name: str, given: Any) -> Price:
    if not isinstance(given, dict):
        raise PriceError(_('The prices of “%s” must be an object such as {"input": 3, "output": 15}.') % name)
    if unknown := given.keys() - KINDS:
        sentence = _("“%(name)s” has the unknown kind “%(kind)s”; known are %(known)s.")
        raise PriceError(sentence % {"name": name, "kind": min(unknown), "known": ", ".join(sorted(KINDS))})
    if missing := {"input", "output"} - given.keys():
        raise PriceError(_("“%(name)s” has no price for “%(kind)s”.") % {"name": name, "kind": min(missing)})
    amounts = {kind: _amount(name, kind, value) for kind, value in given.items()}
    base = amounts["input"]
    usual = {
        "cache_read": base * CACHE_READ,
        "cache_write": base * CACHE_WRITE,
        "cache_write_1h": base * CACHE_WRITE_1H,
    }
    return Price(**(usual | amounts))


def _amount(name: str, kind: str, value: Any) -> Decimal:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1_000_000:
        sentence = _("The price “%(kind)s” of “%(name)s” must be a number of US$ from 0 to 1,000,000.")
        raise PriceError(sentence % {"kind": kind, "name": name})
    return Decimal(str(value))

"""What a model call costs, from the prices that Anthropic publishes (https://docs.claude.com/en/docs/about-claude/pricing)."""

import logging
from dataclasses import dataclass
from decimal import Decimal

logger = logging.getLogger(__name__)

MILLION = Decimal(1_000_000)
CACHE_READ = Decimal("0.1")  # of the input price
CACHE_WRITE = Decimal("1.25")  # of the input price, for the five-minute cache

# US$ for a million tokens (input, output), by the beginning of the model's name; the longest match counts.
PRICES: dict[str, tuple[Decimal, Decimal]] = {
    "claude-opus-4-5": (Decimal(5), Decimal(25)),
    "claude-opus-4": (Decimal(15), Decimal(75)),
    "claude-sonnet-4": (Decimal(3), Decimal(15)),
    "claude-3-7-sonnet": (Decimal(3), Decimal(15)),
    "claude-haiku-4-5": (Decimal(1), Decimal(5)),
    "claude-3-5-haiku": (Decimal("0.8"), Decimal(4)),
}


@dataclass(slots=True)
class Usage:
    """Tokens of one or more model calls."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def add(self, other: "Usage") -> None:
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cache_read_tokens += other.cache_read_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.cost_usd += other.cost_usd


def price(model: str, usage: Usage) -> Decimal:
    """US$; a model without a published price here costs nothing and is logged."""
    known = max((name for name in PRICES if model.startswith(name)), key=len, default=None)
    if known is None:
        logger.warning("no price is known for the model %s: its tokens are counted, its cost is not", model)
        return Decimal(0)
    per_input, per_output = PRICES[known]
    weighted = usage.input_tokens + CACHE_READ * usage.cache_read_tokens + CACHE_WRITE * usage.cache_write_tokens
    return (per_input * weighted + per_output * usage.output_tokens) / MILLION

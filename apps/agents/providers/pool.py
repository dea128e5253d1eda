"""Which endpoints serve model calls now: the admin's rows in their order, or without any the environment's key.

The rows are remembered for two seconds by each process: a model call asks no database. What fails is written to its
row, so that every worker leaves a resting provider alone.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents.models.provider import FAILURES, REST, ModelProvider
from apps.agents.pricing import Price, PriceError, parsed
from apps.chats import incidents
from apps.chats.models.channel import CredentialError

logger = logging.getLogger(__name__)

FRESH_S = 2.0
ENVIRONMENT = "environment"  # the name of the provider that no row describes
OAUTH_BETA = "oauth-2025-04-20"  # what the API asks for beside a Claude Code OAuth token
KeyKind = ModelProvider.KeyKind


@dataclass(frozen=True, slots=True)
class Provider:
    """An endpoint as model calls need it; `trouble` says in words why it cannot be used at all."""

    name: str
    base_url: str
    key_kind: str
    key: str = field(repr=False)
    pk: int | None = None
    model_names: Mapping[str, str] = field(default_factory=dict)
    max_output_tokens: int | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    is_failing: bool = False
    resting_until: datetime | None = None
    trouble: str = ""

    @property
    def place(self) -> str:
        """The base URL as it may be shown: without a password, should somebody have written one into it."""
        scheme, at, rest = self.base_url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}{at}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"

    @property
    def is_resting(self) -> bool:
        return self.resting_until is not None and self.resting_until > timezone.now()

    def url(self, path: str) -> str:
        """The call's address, its query kept; who wrote /v1 into the base URL meant the same."""
        return self.base_url.rstrip("/").removesuffix("/v1") + path

    def headers(self, betas: str) -> dict[str, str]:
        """The key, in the form that its kind asks for."""
        if self.key_kind == KeyKind.API_KEY:
            return {"x-api-key": self.key}
        bearer = {"authorization": f"Bearer {self.key}"}
        if self.key_kind == KeyKind.OAUTH:
            bearer["anthropic-beta"] = ",".join(filter(None, [betas, OAUTH_BETA]))
        return bearer

    def scrubbed(self, text: str) -> str:
        """Without the key, should the endpoint repeat it."""
        return text.replace(self.key, "***") if self.key else text


class _Remembered:
    """The enabled rows, as this process saw them last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.providers: list[Provider] = []
        self.read_at = float("-inf")
        self.told: set[tuple[int | None, str]] = set()


_rows = _Remembered()


def refresh() -> None:
    """Reads the rows when what is remembered is older than two seconds; called where a query costs nobody time."""
    if time.monotonic() - _rows.read_at < FRESH_S:
        return
    found = [from_row(row) for row in ModelProvider.objects.filter(enabled=True).order_by("order", "pk")]
    with _rows.lock:
        _rows.providers, _rows.read_at = found, time.monotonic()
    for provider in found:
        if provider.trouble and (provider.pk, provider.trouble) not in _rows.told:
            _rows.told.add((provider.pk, provider.trouble))
            incidents.record("model provider", provider.name, provider.trouble)


def forget() -> None:
    """The rows were changed here: the next refresh reads them."""
    with _rows.lock:
        _rows.providers, _rows.read_at = [], float("-inf")
        _rows.told.clear()


def enabled() -> list[Provider]:
    """What serves, in its order, the troubled and the resting included; the environment's where there is no row."""
    return list(_rows.providers) or from_environment()


def candidates(preferred: int | None = None) -> list[Provider]:
    """Whom to ask, in this order: the preferred one, then the others. If all rest, the one that has rested longest."""
    if _rows.read_at == float("-inf"):  # the first call of this process was faster than its run
        _write(refresh)
    able = [provider for provider in enabled() if not provider.trouble] or from_environment()
    able.sort(key=lambda provider: provider.pk is None or provider.pk != preferred)
    awake = [provider for provider in able if not provider.is_resting]
    return awake or sorted(able, key=lambda provider: provider.resting_until or timezone.now())[:1]


def from_environment() -> list[Provider]:
    """The key in the settings as a provider; none when there is none."""
    if settings.ANTHROPIC_API_KEY:
        return [Provider(ENVIRONMENT, settings.ANTHROPIC_BASE_URL, KeyKind.API_KEY, settings.ANTHROPIC_API_KEY)]
    if settings.CLAUDE_CODE_OAUTH_TOKEN:
        return [Provider(ENVIRONMENT, settings.ANTHROPIC_BASE_URL, KeyKind.OAUTH, settings.CLAUDE_CODE_OAUTH_TOKEN)]
    return []


def from_row(row: ModelProvider) -> Provider:
    """What a model call needs of it, the key resolved."""
    key, prices, trouble = "", {}, ""
    try:
        key = row.key()
    except CredentialError as error:
        trouble = str(error)
    if not (key.isascii() and key.isprintable()):
        trouble = _("The key of the provider %s has signs that cannot be sent.") % row.name
    try:
        prices = parsed(row.prices)
    except PriceError as error:  # written past the admin; what it costs is then not known
        logger.warning("the prices of %s: %s", row.name, error)
    return Provider(
        row.name,
        row.base_url,
        row.key_kind,
        key,
        pk=row.pk,
        model_names=row.model_names if isinstance(row.model_names, dict) else {},
        max_output_tokens=row.max_output_tokens,
        prices=prices,
        is_failing=row.failures > 0 or row.resting_until is not None,
        resting_until=row.resting_until,
        trouble=trouble,
    )


def failed(provider: Provider, sentence: str) -> None:
    """It gave no answer that can be used; after three times in a row it rests."""
    logger.warning("the model provider %s failed: %s", provider.name, sentence)
    if provider.pk is not None:
        _write(lambda: _count_failure(provider, sentence))


def refused(provider: Provider, sentence: str) -> None:
    """It does not let us in: a person must see that."""
    _write(lambda: incidents.record("model provider", provider.name, sentence))
    failed(provider, sentence)


def worked(provider: Provider) -> None:
    """It answers: nothing is held against it any more."""
    if provider.pk is not None and provider.is_failing:
        _write(ModelProvider(pk=provider.pk).wake_up)
        _remember(provider, is_failing=False, resting_until=None)


def _count_failure(provider: Provider, sentence: str) -> None:
    rests = ModelProvider(pk=provider.pk).count_failure(sentence)
    _remember(provider, is_failing=True, resting_until=timezone.now() + REST if rests else provider.resting_until)
    if rests:
        why = f"It failed {FAILURES} times in a row and rests for {REST.seconds // 60} minutes"
        incidents.record("model provider", provider.name, f"{why}, while another can be asked: {sentence}")


def _remember(provider: Provider, *, is_failing: bool, resting_until: datetime | None) -> None:
    with _rows.lock:
        _rows.providers = [
            replace(known, is_failing=is_failing, resting_until=resting_until) if known.pk == provider.pk else known
            for known in _rows.providers
        ]


def _write(change: Callable[[], object]) -> None:
    """In a thread of the gateway: the model call must not fail because its bookkeeping does."""
    try:
        change()
    except DatabaseError:
        logger.exception("the state of a model provider could not be written")
    finally:
        close_old_connections()

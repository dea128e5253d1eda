from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.agents.pricing import PriceError, parsed
from apps.chats.fields.encryption import UNREADABLE, EncryptedJSONField
from apps.chats.models.channel import CredentialError, resolved

FAILURES = 3  # in a row; then the provider rests
REST = timedelta(minutes=5)
ALL_OTHERS = "*"  # among model names
LEAST_OUTPUT = 2000  # tokens: thinking alone is given 1024 of them at least


class ModelProvider(models.Model):
    """An endpoint that speaks the Messages API, with its key and its prices."""

    class KeyKind(models.TextChoices):
        API_KEY = "api_key", _("API key (x-api-key)")
        BEARER = "bearer", _("bearer token (Authorization)")
        OAUTH = "oauth", _("Claude Code OAuth token")

    name = models.CharField(_("name"), max_length=100, unique=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    order = models.PositiveIntegerField(
        _("order"), default=10, help_text=_("The lowest is asked first; the next one when it fails.")
    )
    base_url = models.CharField(
        _("base URL"),
        max_length=300,
        default="https://api.anthropic.com",
        validators=[
            RegexValidator(
                r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z",
                _("An address such as https://host or http://host:4000/api/anthropic."),
            )
        ],
        help_text=_("What stands before /v1/messages there."),
    )
    key_kind = models.CharField(_("kind of key"), max_length=10, choices=KeyKind.choices, default=KeyKind.API_KEY)
    credentials = EncryptedJSONField(_("key"), blank=True, default=dict)
    model_names = models.JSONField(
        _("model names"),
        default=dict,
        blank=True,
        help_text=_(
            "What a model is called here, where its name differs, such as"
            ' {"claude-sonnet-5-5": "anthropic/claude-sonnet-5.5"}. Empty: the same names.'
        ),
    )
    max_output_tokens = models.PositiveIntegerField(
        _("output tokens at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_OUTPUT)],
        help_text=_(
            "No call asks for more here. The agent asks for as many as Claude can say (128,000), which other models"
            " refuse. Empty: what the agent asks for."
        ),
    )
    prices = models.JSONField(
        _("prices"),
        default=dict,
        blank=True,
        help_text=_(
            "US$ for a million tokens by the beginning of the model's name, such as"
            ' {"claude-sonnet-5": {"input": 2, "output": 10}}; also "cache_read", "cache_write", "cache_write_1h",'
            ' and "web_search" for a thousand searches. Empty: Anthropic\'s published prices.'
        ),
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    resting_until = models.DateTimeField(_("resting until"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)

    class Meta:
        verbose_name = _("model provider")
        verbose_name_plural = _("model providers")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        names = self.model_names
        if not isinstance(names, dict) or not all(isinstance(name, str) and name for name in names.values()):
            raise ValidationError({"model_names": _('A JSON object of names is expected: {"ours": "theirs"}.')})
        try:
            parsed(self.prices)
        except PriceError as error:
            raise ValidationError({"prices": str(error)}) from error

    def key(self) -> str:
        """The key itself, a reference resolved; raises CredentialError."""
        if self.credentials is UNREADABLE:
            raise CredentialError(
                gettext("The key of the provider %s was encrypted under another secret key.") % self.name
            )
        if value := resolved(str(self.credentials.get("key", ""))):
            return value
        raise CredentialError(
            gettext("The key of the provider %s is missing, or what it refers to is empty.") % self.name
        )

    @property
    def is_resting(self) -> bool:
        return self.resting_until is not None and self.resting_until > timezone.now()

    def count_failure(self, sentence: str) -> bool:
        """Whether this failure is the one that sends the provider to rest.

        The count stays while it rests: one failure after the rest begins another, one success ends all.
        """
        row, now = ModelProvider.objects.filter(pk=self.pk), timezone.now()
        row.update(failures=models.F("failures") + 1, last_error=sentence)
        awake = models.Q(resting_until__isnull=True) | models.Q(resting_until__lte=now)
        return row.filter(awake, failures__gte=FAILURES).update(resting_until=now + REST) == 1

    def wake_up(self) -> bool:
        """It works, or a person says so; False when nothing was held against it."""
        held = models.Q(failures__gt=0) | models.Q(resting_until__isnull=False)
        return ModelProvider.objects.filter(held, pk=self.pk).update(failures=0, resting_until=None, last_error="") == 1


class RunUsage(models.Model):
    """What one run used of one model at one provider, as the answers themselves said."""

    run = models.ForeignKey("agents.Run", models.CASCADE, related_name="usages", verbose_name=_("run"))
    provider = models.CharField(_("provider"), max_length=100)
    model = models.CharField(_("model"), max_length=100)
    calls = models.PositiveIntegerField(_("calls"), default=0)
    input_tokens = models.PositiveBigIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveBigIntegerField(_("output tokens"), default=0)
    cache_read_tokens = models.PositiveBigIntegerField(_("cache read tokens"), default=0)
    cache_write_tokens = models.PositiveBigIntegerField(_("cache write tokens"), default=0)
    cost_usd = models.DecimalField(_("cost in US$"), max_digits=12, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        constraints = [
            models.UniqueConstraint(fields=["run", "provider", "model"], name="one_usage_per_run_provider_and_model")
        ]

    def __str__(self) -> str:
        return f"{self.run} · {self.model}"


class BudgetNotice(models.Model):
    """People were told once that a budget is nearly (soft) or wholly (hard) spent in this period."""

    class Kind(models.TextChoices):
        SOFT = "soft", _("nearly spent")
        HARD = "hard", _("spent")

    # Empty: the whole installation.
    group = models.ForeignKey("chats.Group", models.CASCADE, null=True, blank=True, related_name="budget_notices")
    about = models.CharField(max_length=60, help_text="Whose budget, and for hard notices the chat that was told")
    period = models.CharField(max_length=10, help_text="2026-11 or 2026-11-22, in the budget's time zone")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["about", "period", "kind"], name="one_budget_notice_per_period")]

    def __str__(self) -> str:
        return f"{self.about} {self.period} {self.kind}"


class InstallationBudget(models.Model):
    """The one row with the ceiling of the whole installation."""

    daily_usd = models.DecimalField(
        _("daily budget in US$"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    monthly_usd = models.DecimalField(
        _("monthly budget in US$"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )

    class Meta:
        verbose_name = _("installation's budget")
        verbose_name_plural = _("installation's budget")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_installation_budget")]

    def __str__(self) -> str:
        return gettext("all groups together")


class SpendingOfDeleted(models.Model):
    """What runs cost that were deleted with their group: the whole installation has spent it all the same."""

    day = models.DateField(unique=True, help_text="In the service's time zone")
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.cost_usd}"

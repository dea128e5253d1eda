from datetime import datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.encryption import EncryptedJSONField


class ModelProviderQuerySet(models.QuerySet["ModelProvider"]):
    def usable(self, now: datetime) -> "ModelProviderQuerySet":
        """In their order, without those that rest after repeated failures."""
        rested = models.Q(resting_until__isnull=True) | models.Q(resting_until__lte=now)
        return self.filter(rested, enabled=True).order_by("order", "pk")


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
    base_url = models.URLField(_("base URL"), default="https://api.anthropic.com")
    key_kind = models.CharField(_("kind of key"), max_length=10, choices=KeyKind.choices, default=KeyKind.API_KEY)
    credentials = EncryptedJSONField(_("key"), blank=True, default=dict)
    model_names = models.JSONField(
        _("model names"),
        default=dict,
        blank=True,
        help_text=_(
            "What a model is called here, where its name differs, such as"
            ' {"claude-sonnet-4-5": "anthropic/claude-sonnet-4.5"}. Empty: the same names.'
        ),
    )
    prices = models.JSONField(
        _("prices"),
        default=dict,
        blank=True,
        help_text=_(
            "US$ for a million tokens by the beginning of the model's name, such as"
            ' {"claude-sonnet-4": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}}.'
            " Empty: Anthropic's published prices."
        ),
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    resting_until = models.DateTimeField(_("resting until"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)

    objects = ModelProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("model provider")
        verbose_name_plural = _("model providers")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name


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
    period = models.CharField(max_length=10, help_text="2026-11 or 2026-11-22, in the group's time zone")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "period", "kind"], name="one_budget_notice_per_period"),
            models.UniqueConstraint(
                fields=["period", "kind"],
                condition=models.Q(group__isnull=True),
                name="one_budget_notice_per_period_of_the_installation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group or 'installation'} {self.period} {self.kind}"


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
        return "installation"

import re
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.chats.fields import containers, triggers

FOLDER = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")


def validate_folder(value: str) -> None:
    """Raises ValidationError unless the name is plain and not reserved."""
    if value.lower() == "global":
        raise ValidationError(_("“global” is reserved for the memory that all groups share."), code="reserved")
    RegexValidator(FOLDER, _("Letters, digits, “_” and “-”, at most 64, beginning with a letter or a digit."))(value)


def validate_timezone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is no time zone; Europe/Berlin is one."), params={"value": value})


def default_assistant_name() -> str:
    return str(settings.ASSISTANT_NAME)


def default_timezone() -> str:
    return str(settings.TIME_ZONE)


class GroupQuerySet(models.QuerySet["Group"]):
    def in_folder(self, folder: str) -> "Group | None":
        """What can be no folder's name is not asked for: PostgreSQL refuses to hear of a NUL."""
        return self.filter(folder=folder).first() if FOLDER.match(folder) else None


class Group(models.Model):
    """What we serve: a folder, a trigger, memory and limits; it may own several chats."""

    class Engage(models.TextChoices):
        ALWAYS = "always", _("every message calls")
        MENTION = "mention", _("the trigger anywhere, a mention of the bot, or a reply to it calls")
        PREFIX = "prefix", _("the trigger at the start calls")

    class Unaddressed(models.TextChoices):
        REMEMBER = "remember", _("remember, and show it to the agent when it is called")
        DROP = "drop", _("drop: neither stored nor shown")

    class SessionScope(models.TextChoices):
        GROUP = "group", _("one conversation memory for the group")
        CHAT = "chat", _("one for each chat")
        THREAD = "thread", _("one for each thread")

    class SenderPolicy(models.TextChoices):
        OPEN = "open", _("everybody in its chats may call")
        KNOWN = "known", _("allowed senders only")
        PAIRING = "pairing", _("a stranger gets a code, which an admin approves")

    class Network(models.TextChoices):
        SEALED = "sealed", _("sealed: nothing but the model")
        ALLOWLIST = "allowlist", _("the named hosts only")
        OPEN = "open", _("open: the whole internet")

    name = models.CharField(_("name"), max_length=200)
    folder = models.CharField(
        _("folder"),
        max_length=64,
        unique=True,
        validators=[validate_folder],
        help_text=_("Its workspace on disk; cannot be changed later."),
    )
    is_main = models.BooleanField(
        _("main"), default=False, help_text=_("The one group that may manage the others; it always answers.")
    )
    assistant_name = models.CharField(_("assistant's name"), max_length=100, default=default_assistant_name)
    trigger = models.CharField(
        _("trigger"),
        max_length=100,
        blank=True,
        help_text=_("The text that calls the agent; empty: @ and the assistant's name."),
    )
    trigger_is_pattern = models.BooleanField(
        _("the trigger is a pattern"),
        default=False,
        help_text=_("A regular expression (RE2), such as \\b(andy|drew)\\b; in any case of letters."),
    )
    engage = models.CharField(_("engages when"), max_length=10, choices=Engage.choices, default=Engage.MENTION)
    unaddressed = models.CharField(
        _("messages that do not call"), max_length=10, choices=Unaddressed.choices, default=Unaddressed.REMEMBER
    )
    session_scope = models.CharField(
        _("session scope"), max_length=10, choices=SessionScope.choices, default=SessionScope.GROUP
    )
    sender_policy = models.CharField(
        _("who may call"), max_length=10, choices=SenderPolicy.choices, default=SenderPolicy.OPEN
    )
    admin_tools = models.JSONField(
        _("tools for admins only"),
        default=list,
        blank=True,
        help_text=_("Names of tools that the agent may use only when an admin sender called."),
    )
    approval_tools = models.JSONField(
        _("tools that need approval"),
        default=list,
        blank=True,
        help_text=_("Names of tools, also the agent's own such as Bash, each use of which an admin must approve."),
    )
    timezone = models.CharField(_("time zone"), max_length=64, default=default_timezone, validators=[validate_timezone])
    model = models.CharField(_("model"), max_length=100, blank=True, help_text=_("Empty: the installation's model."))
    # An upward reference by name only.
    provider = models.ForeignKey(
        "agents.ModelProvider",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="groups",
        verbose_name=_("model provider"),
        help_text=_("Asked first; the others follow in their order when it fails. Empty: in their order."),
    )
    skills = models.JSONField(
        _("skills"),
        null=True,
        blank=True,
        default=None,
        help_text=_("Names of the skills that the agent gets. Empty: all; []: none."),
    )
    network = models.CharField(_("network"), max_length=10, choices=Network.choices, default=Network.SEALED)
    allowed_domains = models.JSONField(
        _("allowed hosts"),
        default=list,
        blank=True,
        help_text=_('Names such as "pypi.org" or "*.example.org", for the network of named hosts.'),
    )
    approve_hosts = models.BooleanField(
        _("ask for other hosts"),
        default=False,
        help_text=_("An admin sender is asked before the agent reaches a host that is not on the list."),
    )
    mounts = models.JSONField(
        _("additional folders"),
        default=list,
        blank=True,
        help_text=_('Such as [{"host": "~/projects/site", "container": "site", "write": true}]; see docs/walls.md.'),
    )
    env = models.JSONField(
        _("environment"), default=dict, blank=True, help_text=_("Variables of the container; nothing secret.")
    )
    warm_early = models.BooleanField(
        _("warm up early"),
        default=False,
        help_text=_("Start the agent's container when people write, before one of them calls."),
    )
    disk_quota_mb = models.PositiveIntegerField(
        _("disk quota in MiB"), default=2048, validators=[MinValueValidator(16)]
    )
    daily_budget_usd = models.DecimalField(
        _("daily budget in US$"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty: no ceiling of its own."),
    )
    monthly_budget_usd = models.DecimalField(
        _("monthly budget in US$"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty: no ceiling of its own."),
    )
    run_budget_usd = models.DecimalField(
        _("ceiling of one run in US$"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    max_turns = models.PositiveIntegerField(
        _("model calls in one run"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit but the time-out and the budget."),
    )
    memory_mb = models.PositiveIntegerField(_("memory in MiB"), default=1024, validators=[MinValueValidator(256)])
    cpus = models.DecimalField(
        _("CPUs"),
        max_digits=4,
        decimal_places=1,
        default=1,
        validators=[MinValueValidator(0.1), MaxValueValidator(256)],
    )
    pids = models.PositiveIntegerField(_("processes"), default=256, validators=[MinValueValidator(32)])
    turn_timeout_s = models.PositiveIntegerField(
        _("turn time-out in seconds"), null=True, blank=True, help_text=_("Empty: the installation's.")
    )
    idle_timeout_s = models.PositiveIntegerField(
        _("idle time-out in seconds"),
        null=True,
        blank=True,
        help_text=_("How long the warm agent stays after its last turn. Empty: the installation's."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # When a person last changed what its agent remembers: a warm agent must read it again.
    memory_edited_at = models.DateTimeField(null=True, editable=False)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ["-is_main", "name"]
        constraints = [
            models.UniqueConstraint(
                Lower("folder"),
                name="one_group_per_folder",
                violation_error_message=_("Another group has this folder."),
            ),
            models.UniqueConstraint(
                fields=["is_main"],
                condition=models.Q(is_main=True),
                name="one_main_group",
                violation_error_message=_("Another group is main."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        containers.check(env=self.env, domains=self.allowed_domains, mounts=self.mounts)
        if self.trigger_is_pattern:
            triggers.check(self.trigger)

    @property
    def trigger_found(self) -> triggers.Trigger:
        """Finds in a text what calls the agent; a pattern that passed validation by is nobody's trigger."""
        if not (self.trigger and self.trigger_is_pattern):
            return triggers.literal(self.call_sign)
        try:
            return triggers.pattern(self.trigger)
        except triggers.PatternError:
            return triggers.literal(f"@{self.assistant_name}")

    @property
    def call_sign(self) -> str:
        """The text that calls the agent."""
        return self.trigger or f"@{self.assistant_name}"

    @property
    def turn_timeout(self) -> float:
        return float(self.turn_timeout_s or settings.AGENT_TURN_TIMEOUT)

    @property
    def idle_timeout(self) -> float:
        return float(settings.AGENT_IDLE_TIMEOUT if self.idle_timeout_s is None else self.idle_timeout_s)

"""Telling people that a budget is nearly or wholly spent: each once in a period, however many runs find out."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.agents.billing.budgets import Ceiling
from apps.agents.models import BudgetNotice, Run
from apps.chats import incidents
from apps.chats.models import Chat, Message
from apps.chats.services import send_message


def warn_if_near(run: Run, ceilings: list[Ceiling]) -> None:
    """The admins of the chat hear of a budget that is nearly spent; of the installation's, the main group's chat."""
    for ceiling in ceilings:
        if ceiling.is_near:
            _warn(run, ceiling)


@transaction.atomic
def note_told(run: Run, ceiling: Ceiling) -> bool:
    """The run's chat knows that the budget is spent; False when it knew. Writes an incident the first time."""
    if not _first_time(ceiling, BudgetNotice.Kind.HARD, f"{ceiling.about} chat {run.chat_id}"):
        return False
    incidents.record("budget", run.group.folder, ceiling.sentence)
    return True


@transaction.atomic
def tell_spent(run: Run, ceiling: Ceiling) -> bool:
    """Whether the run's chat was told just now; it is told once in a period."""
    if not note_told(run, ceiling):
        return False
    if run.chat:
        waits = " " + _("I answer what was asked when there is money again.") if run.cause == Run.Cause.MESSAGE else ""
        send_message(
            run.chat,
            text=f"⚠️ {ceiling.sentence}{waits}",
            thread_id=run.thread_id,
            run_id=run.pk,
            kind=Message.Kind.NOTICE,
        )
    return True


@transaction.atomic
def _warn(run: Run, ceiling: Ceiling) -> None:
    if not _first_time(ceiling, BudgetNotice.Kind.SOFT, ceiling.about):
        return
    share = f"{ceiling.spent / ceiling.limit:.0%}"
    incidents.record("budget", run.group.folder if ceiling.group else ceiling.about, f"{share} of the {ceiling.name}.")
    chats = Chat.objects.filter(group=run.group) if ceiling.group else Chat.objects.filter(group__is_main=True)
    chat = run.chat if ceiling.group and run.chat else chats.order_by("-last_message_at", "pk").first()
    if chat is None:
        return
    send_message(
        chat,
        text=_(
            "⚠️ For the admins: %(share)s of the %(budget)s is spent. At 100 %% I stop until it begins anew, or until"
            " you raise it in the admin."
        )
        % {"share": share, "budget": ceiling.name},
        kind=Message.Kind.NOTICE,
    )


def _first_time(ceiling: Ceiling, kind: BudgetNotice.Kind, about: str) -> bool:
    if BudgetNotice.objects.filter(about=about, period=ceiling.period, kind=kind).exists():
        return False
    try:
        with transaction.atomic():
            BudgetNotice.objects.create(group_id=ceiling.group, about=about, period=ceiling.period, kind=kind)
    except IntegrityError:  # another run was faster
        return False
    return True

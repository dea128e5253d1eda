"""Leave that a group's agent must ask for: each use of a named tool, each host that is not on the group's list.

Who decides reads everything that would be done. Unanswered means no; a yes covers exactly what was asked.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.agents import authorization, untrusted_text
from apps.agents.models import APPROVE, REFUSE, Question, Run
from apps.agents.questions import questions
from apps.chats import platforms
from apps.chats.models import Chat, Sender

logger = logging.getLogger(__name__)

_asking = threading.Lock()  # of two tunnels to one host only the first asks


def tool_refusal(run: Run, name: str, given: Mapping[str, Any]) -> str:
    """Empty: the call may be made, once. Else why not, for the agent. Blocks while people are asked."""
    if not authorization.is_named(name, run.group.approval_tools):
        return ""
    plain = name.removeprefix(authorization.PREFIX)
    try:
        said = _("⚠️ The agent of **%(group)s** wants to use the tool **%(what)s**:")
        question = questions.wait(_ask(run, said, subject=plain, more=f"\n\n{untrusted_text.shown(given)}"))
    except (untrusted_text.TooLongError, questions.QuestionRefusedError) as error:
        return f"The tool {plain} needs an admin's approval here. {error}"
    return _why_not(question, f"the tool {plain}")


def approve_host(run: Run, host: str, port: int) -> bool:
    """Whether this run may reach the host; what was decided counts for the rest of the run. Blocks."""
    subject = f"{host}:{port}"
    with _asking:
        known = _asked_before(run, subject)
        if known is None:
            try:
                said = _(
                    "⚠️ The agent of **%(group)s** wants to reach the host **%(what)s** in the network, for the rest of"
                    " this run."
                )
                known = _ask(run, said, subject=subject)
            except questions.QuestionRefusedError as error:
                logger.info("nobody is asked for %s: %s", subject, error)
                return False
    return questions.wait(known).is_approved


def _asked_before(run: Run, subject: str) -> Question | None:
    """In this run; what an earlier attempt asked and nobody could answer any more is asked again."""
    asked = Question.objects.filter(run=run, kind=Question.Kind.APPROVAL, subject=subject)
    if run.begun_before:
        asked = asked.exclude(status=Question.Status.EXPIRED, created_at__lt=run.started_at)
    return asked.order_by("pk").last()


def _ask(run: Run, said: str, *, subject: str, more: str = "") -> Question:
    admins = _admins(run)
    names = ", ".join(sorted({untrusted_text.line_of(str(admin)) for admin in admins}))
    to = _("%s: may it?") % names if names else _("An admin decides.")
    said %= {"group": untrusted_text.line_of(run.group.name), "what": untrusted_text.line_of(subject)}
    text = f"{said}{more}\n\n{to}"
    return questions.ask(
        run,
        text,
        choices=[APPROVE, REFUSE],
        kind=Question.Kind.APPROVAL,
        places=_places(run, admins),
        subject=subject,
    )


def _why_not(question: Question, subject: str) -> str:
    if question.is_approved:
        return ""
    if question.status == Question.Status.EXPIRED:
        return f"No admin approved {subject} in time, so it was not used. Do not simply try again."
    return f"{question.answered_by or 'An admin'} refused {subject}. Do not try to do the same in another way."


def _admins(run: Run) -> list[Sender]:
    """Of the channels on which the group has chats."""
    channels = run.group.chats.values("channel")
    admins = Sender.objects.filter(channel__in=channels, access=Sender.Access.ADMIN)
    return list(admins.exclude(channel__platform=platforms.WEB)[:50])


def _places(run: Run, admins: list[Sender]) -> list[questions.Place]:
    """Where it was called, the group's other chats that an admin may read, and the admins' direct chats."""
    own = [questions.Place(run.chat, run.thread_id)] if run.chat else []
    chats = list(run.group.chats.filter(channel__in={admin.channel_id for admin in admins}))
    for admin in admins:
        his = Q(external_id=admin.external_id) | Q(messages__sender=admin)
        # Never another group's: its agent may search what was said there.
        ours = Q(group=None) | Q(group=run.group) | Q(group__is_main=True)
        chats += Chat.objects.filter(his, ours, channel=admin.channel_id, kind=Chat.Kind.DIRECT).distinct()
    others = {chat.pk: chat for chat in chats if chat != run.chat}
    return [*own, *(questions.Place(chat) for chat in others.values())]

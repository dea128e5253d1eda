"""What a run asks people: stored together with the messages that ask it, answered once, waited for within its time."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import close_old_connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents import authorization, wakeups
from apps.agents.models import Question, Run
from apps.agents.services import RUNS
from apps.chats import platforms
from apps.chats.models import Chat, Message, Sender
from apps.chats.services import send_message
from apps.events import hooks
from apps.events.pubsub import publish_on_commit

logger = logging.getLogger(__name__)

QUESTIONS = "questions"  # payload: question; asked, answered or expired: whoever shows it draws it anew
POLL = 2.0  # seconds between looks at the row, for when a publication was lost
MOST_OPEN = 5  # questions of one run at a time
MOST_ASKED = 50  # questions of one run
MARGIN = timedelta(seconds=10)  # of its turn's time that a run keeps for what it does with the answer


class QuestionRefusedError(Exception):
    """It is not asked; the sentence is for the agent."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is asked."""

    chat: Chat
    thread_id: str = ""


@transaction.atomic
def ask(
    run: Run,
    text: str,
    *,
    choices: Sequence[str],
    kind: Question.Kind,
    places: Sequence[Place],
    subject: str = "",
) -> Question:
    """The open question and its messages in the outbox; raises QuestionRefusedError. No choices: any answer."""
    _keep_within_bounds(run)
    question = Question.objects.create(
        run=run,
        chat=places[0].chat if places else None,
        thread_id=places[0].thread_id if places else "",
        kind=kind,
        text=text,
        choices=list(choices),
        subject=subject[:300],
        expires_at=_deadline(run),
    )
    for place in places:
        question.messages.add(_asked_at(place, question))
    _tell(question)
    return question


def _asked_at(place: Place, question: Question) -> Message:
    """In the outbox; raises QuestionRefusedError."""
    message = send_message(
        place.chat,
        text=question.text,
        thread_id=place.thread_id,
        run_id=question.run_id,
        sender_name=question.run.group.assistant_name,
        choices=[{"label": label, "token": question.token(index)} for index, label in enumerate(question.choices)],
    )
    if message is None:
        raise QuestionRefusedError("The question is empty once internal parts are removed.")
    return message


def _keep_within_bounds(run: Run) -> None:
    """Inside a transaction; raises QuestionRefusedError."""
    Run.objects.select_for_update(no_key=True).get(pk=run.pk)  # several tools may ask at once; they are counted in turn
    asked = Question.objects.filter(run=run)
    if asked.count() >= MOST_ASKED:
        raise QuestionRefusedError(f"A run may ask {MOST_ASKED} questions, and these are used up.")
    if asked.waited_for().count() >= MOST_OPEN:
        raise QuestionRefusedError(f"{MOST_OPEN} questions of yours are open already: wait for their answers.")


def _deadline(run: Run) -> datetime:
    """Within the turn's own time: whoever waits longer would lose the whole turn."""
    now = timezone.now()
    turn_ends = (run.started_at or now) + timedelta(seconds=run.group.turn_timeout)
    return min(now + timedelta(seconds=settings.AGENT_QUESTION_TIMEOUT), max(now, turn_ends - MARGIN))


def wait(question: Question) -> Question:
    """Blocks until it is answered, or its time or its run is over; as the row stands then, never open."""
    run = question.run
    with wakeups.bell(run.session_id) as rung:
        while True:
            rung.clear()
            question = Question.objects.select_related("run", "sender", "user").get(pk=question.pk)
            left = (question.expires_at - timezone.now()).total_seconds()
            if not question.is_open:
                return question
            if left <= 0 or not _is_at_work(question.run, run):
                expire([question])
                continue
            close_old_connections()
            rung.wait(min(left, POLL))


def _is_at_work(now: Run, then: Run) -> bool:
    """Still the attempt that asked, and nobody stops it."""
    same_attempt = (now.status, now.worker, now.attempt) == (Run.Status.RUNNING, then.worker, then.attempt)
    return same_attempt and not now.stop_requested


@transaction.atomic
def answer(question: Question, text: str, *, sender: Sender | None = None, user: User | None = None) -> str:
    """The first one counts. Empty, or in a sentence why this one does not."""
    if not is_entitled(question, sender=sender, user=user):
        logger.warning("question %s: %s is not entitled to answer", question.pk, sender or user)
        return _("Only an admin may answer that.")
    won = (
        Question.objects.waited_for()
        .filter(pk=question.pk)
        .update(status=Question.Status.ANSWERED, answer=text, sender=sender, user=user, answered_at=timezone.now())
    )
    question.refresh_from_db()
    if won:
        logger.info("question %s is answered by %s", question.pk, sender or user)
        _tell(question)
        publish_on_commit(RUNS, session=question.run.session_id)
        return ""
    if question.status == Question.Status.ANSWERED:
        if (question.sender, question.user, question.answer) == (sender, user, text):
            return ""  # delivered or pressed twice
        who, what = question.answered_by or _("Somebody"), question.in_words(question.answer)
        return _("%(who)s has answered that already: %(what)s") % {"who": who, "what": what}
    return _("Nobody waits for that answer any more.")


def is_entitled(question: Question, *, sender: Sender | None, user: User | None) -> bool:
    """Anyone may answer what is asked in their chat; an approval is given by admins only."""
    if question.kind == Question.Kind.ASK:
        return True
    if user is None and sender is not None:
        if sender.access == Sender.Access.ADMIN:
            return True
        user = _user_of(sender)
    return user is not None and may_approve(user)


def may_approve(user: AbstractBaseUser | AnonymousUser) -> bool:
    """As everywhere, only people of the admin: taking somebody's staff status away takes everything."""
    return isinstance(user, User) and user.is_staff and user.has_perm(authorization.MANAGES)


def _user_of(sender: Sender) -> User | None:
    """The person of this installation who writes on the chat page under this id."""
    number = sender.external_id.removeprefix("user-")
    if sender.channel.platform != platforms.WEB or not (number.isascii() and number.isdigit()):
        return None
    return User.objects.filter(pk=int(number)).first()


def expire(questions: Iterable[Question]) -> None:
    """Nobody answered, or nobody waits any more."""
    for question in questions:
        with transaction.atomic():
            if Question.objects.open().filter(pk=question.pk).update(status=Question.Status.EXPIRED):
                _tell(question)


def expire_of(run: Run) -> None:
    """A further attempt begins: who asked before is gone, and asks again if it must."""
    expire(Question.objects.open().filter(run=run))


def expire_overdue() -> None:
    """What a dead worker left behind."""
    expire(Question.objects.open().filter(expires_at__lt=timezone.now() - timedelta(seconds=2 * POLL))[:100])


def _tell(question: Question) -> None:
    publish_on_commit(QUESTIONS, question=question.pk)
    transaction.on_commit(partial(hooks.question_changed.fire, question=question))

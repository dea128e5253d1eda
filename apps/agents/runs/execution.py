"""A run from its claim to its end: whatever happens in between, it succeeds, is queued again, fails, or is stopped."""

import logging
import os
import socket
from dataclasses import replace
from functools import cache
from pathlib import Path

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents import services
from apps.agents.billing import budgets, notices
from apps.agents.billing.budgets import Ceiling
from apps.agents.errors import AgentError, LeaseLostError, PermanentAgentError, QuotaError, RuntimeAwayError
from apps.agents.models import Run, Session
from apps.agents.questions import questions
from apps.agents.runs import retries, warmup
from apps.agents.runs.retries import Retry
from apps.agents.sandbox import disk_quota
from apps.agents.sandbox.runtimes import runtime_named
from apps.agents.sandbox.selection import agent_for_a_run, chosen_runtime
from apps.agents.turns.turn import Answer, Turn, stopping
from apps.chats import incidents
from apps.chats.models import Message
from apps.chats.services import OUTBOX_FILLED, send_message, storable
from apps.events.pubsub import publish

logger = logging.getLogger(__name__)

SECRETS = ("chat__context", "chat__channel__credentials")  # deciphered for nobody here
AT_A_TIME = 10_000  # messages in one statement; SQLite takes 32,766 values, unless it is built for more


def execute(run_id: int) -> None:
    """Claims and serves one run; returns at once when it is not to be had."""
    found = Run.objects.select_related("session__group", "chat__channel").defer(*SECRETS)
    run = found.filter(pk=run_id).first()
    if run is None or stopping.is_set():
        return None
    if spent := budgets.exhausted(run.group):
        return _hold_back(run, spent)
    if not run.claim(worker_name()):
        return None
    with structlog.contextvars.bound_contextvars(run=run.pk, group=run.group.folder):
        if run.begun_before:
            questions.expire_of(run)
        try:
            warmup.warm_up(run) if run.cause == Run.Cause.WARM_UP else _attempt(run)
        finally:
            services.wake_next(run.session)


def _attempt(run: Run) -> None:
    runtime = chosen_runtime()
    turn = Turn(run, runtime_named(runtime.name), agent_for_a_run())
    try:
        answer = turn.converse()
        if run.chat:
            # In vain, while the answer is being stored: a look after a pause takes three times as long as the next one.
            publish(OUTBOX_FILLED, channel=run.chat.channel_id)
        _succeed(run, answer)
        _drop_absorbed(run)
        logger.info("%s", run.status)
    except LeaseLostError as error:
        logger.warning("nothing of this attempt counts: %s", error)
    except RuntimeAwayError as error:
        retry_or_fail(run, str(error), retries.while_agents_are_away(run.created_at, timezone.now()))
    except QuotaError as error:
        _fail(run, storable(str(error)), silent=not disk_quota.is_first_today(run))
    except AgentError as error:
        permanent = isinstance(error, PermanentAgentError)
        retry_or_fail(run, storable(str(error)), None if permanent else retries.after_failure(run.attempt))
    except Exception:
        logger.exception("the run broke")
        sentence = _("The service itself failed; its log says why.")
        retry_or_fail(run, sentence, retries.after_failure(run.attempt))
    finally:
        turn.ledger.close()


@transaction.atomic
def _succeed(run: Run, answer: Answer | None) -> None:
    """The end of the run, the answer, and what it handled: one transaction, under the session's lock."""
    run.session.used(answer.sdk_session_id if answer else "", since=run.started_at)
    interrupted = bool(answer and answer.interrupted)
    sentence = _("Stopped by a person.") if interrupted else ""
    if not run.finish(Run.Status.CANCELLED if interrupted else Run.Status.SUCCEEDED, sentence):
        raise LeaseLostError("The run was taken away before its end.")
    if answer:
        for start in range(0, len(answer.handled), AT_A_TIME):
            Message.objects.filter(pk__in=answer.handled[start : start + AT_A_TIME]).update(run=run)
        if run.chat:
            send_message(
                run.chat,
                text=answer.text,
                thread_id=run.thread_id,
                run_id=run.pk,
                sender_name=run.group.assistant_name,
                reply_to=answer.last_call,
            )
    transaction.on_commit(lambda: services.announce(run))


def _drop_absorbed(run: Run) -> None:
    """Behind the answer, which need not wait for it: until then a queued run would only find nothing to do."""
    if services.queued_in(run).exists():
        with transaction.atomic():
            Session.objects.select_for_update().get(pk=run.session_id)
            services.drop_absorbed(run)


def _hold_back(run: Run, spent: Ceiling) -> None:
    """No money: messages wait for it, for a day at most; whatever else was asked fails. The chat hears of it once."""
    is_message = run.cause == Run.Cause.MESSAGE
    retry = retries.while_money_is_spent(run.created_at, timezone.now()) if is_message else None
    if retry and not run.hold(spent.sentence, retry.delay_s):
        return
    told = notices.tell_spent(run, spent)
    if retry:
        services.announce(run)
    elif run.claim(worker_name()):
        _fail(run, spent.sentence, silent=told or not is_message)


def retry_or_fail(run: Run, sentence: str, retry: Retry | None) -> None:
    """Queues the run again as `retry` says; None: the end, told once to the chat and as an incident."""
    if retry is None:
        _fail(run, sentence)
    else:
        # Another process takes over from this one, which is ending: there is nothing to wait for.
        _requeue(run, sentence, replace(retry, delay_s=0.0) if stopping.is_set() and not retry.counts else retry)


@transaction.atomic
def _requeue(run: Run, sentence: str, retry: Retry) -> None:
    Session.objects.select_for_update().get(pk=run.session_id)
    # What came meanwhile queued a run of its own; the retried one takes its messages along.
    services.queued_in(run).delete()
    attempt = run.attempt  # one that does not count is taken back
    if not run.requeue(sentence, retry.delay_s, counts=retry.counts):
        return
    logger.warning("attempt %s failed, the next one in %g s: %s", attempt, retry.delay_s, sentence)
    transaction.on_commit(lambda: services.announce(run))
    transaction.on_commit(lambda: services.wake(run, retry.delay_s))


@transaction.atomic
def _fail(run: Run, sentence: str, *, silent: bool = False) -> None:
    session = Session.objects.select_for_update().get(pk=run.session_id)
    if not run.finish(Run.Status.FAILED, sentence):
        return
    logger.error("failed for good: %s", sentence)
    if run.chat and run.cause == Run.Cause.MESSAGE:
        before = run.started_at or timezone.now()
        Message.objects.unhandled(run.chat, run.thread_id).filter(created_at__lte=before).update(run=run)
    if run.chat and not silent:
        send_message(
            run.chat,
            text=_("⚠️ I could not answer: %s") % sentence,
            thread_id=run.thread_id,
            run_id=run.pk,
            kind=Message.Kind.NOTICE,
        )
    session.used()
    services.drop_absorbed(run)
    incidents.record("failed run", run.group.folder, sentence)
    transaction.on_commit(lambda: services.announce(run))


@cache
def worker_name() -> str:
    """host:pid:start — so that a dead worker is told from a living one that was given its number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_process_start(os.getpid())}"


def worker_is_dead(name: str) -> bool:
    """True only when it is certain: a worker of this host whose process is no more."""
    host, _, process = name.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not process.isdigit():
        return False
    return _process_start(int(process)) != name.rpartition(":")[2]


def _process_start(pid: int) -> str:
    """The process's start in clock ticks since boot (Linux's /proc); "" when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]

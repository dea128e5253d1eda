"""What people may ask of the agent's work from the chat."""

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.agents import services
from apps.agents.billing import budgets
from apps.agents.commands.registry import Call, CommandRefusedError, command, offered_to
from apps.agents.models import Run, RunStep, Session
from apps.agents.models.provider import ALL_OTHERS
from apps.agents.pricing import Usage, cost
from apps.agents.providers import pool
from apps.agents.sandbox.selection import chosen_agent, chosen_runtime
from apps.chats import pairing, platforms
from apps.chats.engagement import answers_everything
from apps.chats.models import Chat, Group, Message

MOST_MODEL = 100  # characters of a model's name


@command("help", gettext_lazy("what you can write here"))
def help_(call: Call) -> str:
    lines = [f"- {each.line}" for each in sorted(offered_to(call), key=lambda each: each.name)]
    head = _how_to_ask(call) if call.chat.group else _("This chat belongs to no group.")
    return "\n".join([head, "", *lines])


def _how_to_ask(call: Call) -> str:
    if answers_everything(call.group, call.chat.kind):
        return _("Write your question; %s answers.") % call.group.assistant_name
    return _("Write %s and your question.") % call.group.call_sign


@command("status", gettext_lazy("who answers, and what is being done now"))
def status(call: Call) -> str:
    group, agent = call.group, chosen_agent()
    session = services.session_for(group, call.chat, call.thread_id)
    running = Run.objects.filter(session__group=group, status=Run.Status.RUNNING).select_related("session")
    waiting = Run.objects.filter(session__group=group, status=Run.Status.QUEUED).count()
    names = {"assistant": group.assistant_name, "group": group.name, "agent": agent.name}
    names |= {"runtime": chosen_runtime().name, "model": group.model or settings.MODEL}
    lines = [
        _("%(assistant)s in %(group)s: agent %(agent)s, runtime %(runtime)s, model %(model)s.") % names,
        *(_doing(run, here=run.session_id == session.pk) for run in running),
        _("%d waiting.") % waiting if waiting else _("Nothing waits."),
        _spent(budgets.standing(group)),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _doing(run: Run, *, here: bool) -> str:
    step = RunStep.objects.filter(run=run, kind="tool").order_by("-seq").values_list("seq", flat=True).first()
    where = _("Working here") if here else _("Working in another conversation")
    if not run.started_at:
        return where
    known = {"where": where, "time": f"{run.started_at:%H:%M:%S}", "steps": step or 0}
    return _("%(where)s since %(time)s UTC, %(steps)d steps so far.") % known


@command("stop", gettext_lazy("stop what is being done; what was said is kept"))
def stop(call: Call) -> str:
    return _("Stopped.") if _stop(_open_runs(call)) else _("There is nothing to stop.")


@command("new", gettext_lazy("forget the conversation and begin afresh"))
def new(call: Call) -> str:
    if not (call.is_admin or _is_own(call.chat, call.group)):
        raise CommandRefusedError(_("Only an admin may use /%s here.") % "new")
    session = services.session_for(call.group, call.chat, call.thread_id)
    here = Q(status=Run.Status.QUEUED, chat=call.chat, thread_id=call.thread_id)
    _stop(session.runs.filter(Q(status=Run.Status.RUNNING) | here, cause=Run.Cause.MESSAGE))
    Session.objects.select_for_update().get(pk=session.pk).begin_anew()
    earlier = Message.objects.unhandled(call.chat, call.thread_id).filter(pk__lt=call.message.pk)
    earlier.update(withheld=True, calls_agent=False)
    return _("The conversation is forgotten; we begin afresh. Files and memory files stay.")


@command("usage", gettext_lazy("what the agent has cost"))
def usage(call: Call) -> str:
    standing = budgets.standing(call.group)
    lines = [_spent(standing), *(_left(ceiling) for ceiling in standing.ceilings)]
    return "\n".join(f"- {line}" for line in lines if line)


def _spent(standing: budgets.Standing) -> str:
    sums = {"today": standing.today, "month": standing.month}
    if standing.ceilings:
        return _("Spent today US$ %(today).2f, this month US$ %(month).2f.") % sums
    return _("Spent today US$ %(today).2f, this month US$ %(month).2f. No budget is set.") % sums


def _left(ceiling: budgets.Ceiling) -> str:
    """The installation's figures are nothing for a group's chat."""
    if ceiling.is_spent:
        return ceiling.sentence
    if not ceiling.group:
        return ""
    known = {"limit": ceiling.limit, "left": ceiling.left}
    if ceiling.span == "daily":
        return _("Of the daily budget of US$ %(limit).2f there are US$ %(left).2f left.") % known
    return _("Of the monthly budget of US$ %(limit).2f there are US$ %(left).2f left.") % known


@command("model", gettext_lazy("show or set the model"), usage=gettext_lazy("[name]"), admins_only=True)
def model(call: Call) -> str:
    group = call.group
    if not call.argument:
        said = _("The model is %s.") if group.model else _("The model is %s, the installation’s.")
        return said % (group.model or settings.MODEL)
    name = "" if call.argument == "default" else call.argument
    if len(name) > MOST_MODEL or len(name.split()) > 1:
        raise CommandRefusedError(_("That is no name of a model."))
    group.model = name
    group.save(update_fields=["model"])
    return _("From the next turn on the model is %s.") % (name or settings.MODEL) + _doubt(name)


def _doubt(name: str) -> str:
    """Any endpoint may know names that we do not: the model is set, and a slip of the pen is pointed at."""
    pool.refresh()
    found = pool.enabled()
    theirs = {ours for provider in found for ours in provider.model_names} - {ALL_OTHERS}
    priced = any(cost((name,), Usage(), provider.prices) is not None for provider in found)
    if not name or name in theirs or priced or cost((name,), Usage(), {}) is not None:
        return ""
    others = " " + _("Named here: %s.") % ", ".join(sorted(theirs)) if theirs else ""
    return " " + _("No provider here names it and its price is not known: is it spelled right?") + others


@command(
    "pair",
    gettext_lazy("let in whoever has this code; without one: who waits"),
    usage=gettext_lazy("[code] [folder]"),
    admins_only=True,
)
def pair(call: Call) -> str:
    code, _blank, folder = call.argument.partition(" ")
    if not code:
        return _waiting(call)
    try:
        found = pairing.find(code)
        if found.sender.channel_id != call.chat.channel_id and not call.is_on_our_page:
            raise CommandRefusedError(_("That code is another channel’s: approve it there, or in the admin."))
        group = pairing.approve(found, group=_group_named(call, folder.strip()))
    except pairing.PairingError as error:
        raise CommandRefusedError(str(error)) from error
    return _("%(sender)s may write now, and is served by %(group)s.") % {"sender": found.sender, "group": group}


def _waiting(call: Call) -> str:
    found = pairing.pending(None if call.is_on_our_page else call.channel)
    lines = [f"- {each.code}: {each.sender} ({each.chat.channel})" for each in found]
    return "\n".join(lines) or _("Nobody waits for admission.")


def _group_named(call: Call, folder: str) -> Group | None:
    if not folder:
        return None
    group = Group.objects.filter(folder__iexact=folder).first()
    if group is None:
        raise CommandRefusedError(_("There is no group %r.") % folder)
    if group.is_main and not call.is_on_our_page and call.chat.group_id != group.pk:
        raise CommandRefusedError(_("To the main group people are let in from the main group, or in the admin."))
    return group


def _open_runs(call: Call) -> QuerySet[Run]:
    """In a thread that thread's; else everything in the chat."""
    runs = Run.objects.filter(chat=call.chat, status__in=(Run.Status.QUEUED, Run.Status.RUNNING))
    return runs.filter(thread_id=call.thread_id) if call.thread_id else runs


def _stop(runs: QuerySet[Run]) -> bool:
    """Whether there was anything to stop."""
    found = list(runs.order_by("pk"))
    for run in found:
        services.stop_run(run)
    return bool(found)


def _is_own(chat: Chat, group: Group) -> bool:
    """A direct chat whose memory is nobody else's."""
    if chat.kind != Chat.Kind.DIRECT or chat.channel.platform == platforms.WEB:
        return False
    if group.session_scope != Group.SessionScope.GROUP:
        return True
    return not group.chats.exclude(pk=chat.pk).exclude(channel__platform=platforms.WEB).exists()

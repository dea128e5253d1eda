"""A chat as its page shows it: the rows, and the fragments that are drawn from them, once or live."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from apps.agents.models import Run, RunStep
from apps.chats.models import Chat, Group, Message, Sender
from apps.chats.models.message import MessageQuerySet
from apps.chats.services import web_chat

PAGE = 50
MOST_NEWS = 300  # a page that missed more starts afresh


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, and whether there are older ones."""

    messages: list[Message]
    has_older: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What the agent does for this chat now."""

    run: Run | None = None
    step: str = ""
    waits_for_another: bool = False

    @property
    def is_open(self) -> bool:
        return self.run is not None and not self.run.is_over


def chat_of(folder: str) -> Chat | None:
    """The group's place on the chat page."""
    group = Group.objects.in_folder(folder)
    return web_chat(group) if group else None


def sender_id(user_id: int) -> str:
    """A person of this installation, as a sender on the web channel."""
    return f"user-{user_id}"


def rows(chat: Chat) -> MessageQuerySet:
    return chat.messages.select_related("run", "sender").prefetch_related("attachments")


def page(chat: Chat, *, before: int | None = None) -> Page:
    """The newest page, or the one before that primary key."""
    older = rows(chat) if before is None else rows(chat).filter(pk__lt=before)
    newest_first = list(older.order_by("-pk")[: PAGE + 1])
    return Page(messages=newest_first[PAGE - 1 :: -1], has_older=len(newest_first) > PAGE)


def since(chat: Chat, seen: int, *, overlap: int = 0) -> list[Message] | None:
    """What came after that primary key, with so many before it; None when it is too much."""
    known = chat.messages.filter(pk__lte=seen).order_by("-pk").values_list("pk", flat=True)[:overlap]
    first = min(known, default=seen + 1)
    news = list(rows(chat).filter(pk__gte=first).order_by("pk")[: MOST_NEWS + 1])
    return None if len(news) > MOST_NEWS else news


def work(chat: Chat) -> Work:
    """The open run, the running one first; else the last one, which may have failed."""
    runs = Run.objects.filter(chat=chat).select_related("session")
    run = (
        runs.filter(status=Run.Status.RUNNING).first()
        or runs.filter(status=Run.Status.QUEUED).order_by("pk").first()
        or runs.order_by("-pk").first()
    )
    if run is None or run.is_over:
        return Work(run)
    if run.status == Run.Status.QUEUED:
        others = Run.objects.filter(session=run.session, status=Run.Status.RUNNING)
        return Work(run, waits_for_another=others.exists())
    step = RunStep.objects.filter(run=run).exclude(kind__in=("text", "thinking")).order_by("-seq").first()
    return Work(run, step=step.summary if step else "")


def draw_message(message: Message, *, viewer: str) -> str:
    sender: Sender | None = message.sender
    is_mine = sender is not None and sender.external_id == viewer
    return render_to_string("dashboard/_message.html", {"message": message, "is_mine": is_mine})


def draw_work(chat: Chat, now: Work) -> str:
    return render_to_string("dashboard/_work.html", {"chat": chat, "work": now, "run": now.run})


def news(*, chat: Chat, viewer: str, language: str, only: int | None = None) -> dict[str, Any]:
    """The state of the work, and the one message that changed."""
    changed = rows(chat).filter(pk=only) if only else []
    return _frame(chat, changed, viewer=viewer, language=language)


def news_since(*, chat: Chat, viewer: str, language: str, seen: int, overlap: int) -> dict[str, Any]:
    """What a page missed; one that missed too much is told to begin afresh."""
    missed = since(chat, seen, overlap=overlap)
    return {"type": "afresh"} if missed is None else _frame(chat, missed, viewer=viewer, language=language)


def _frame(chat: Chat, messages: Iterable[Message], *, viewer: str, language: str) -> dict[str, Any]:
    """Messages first: where the final answer is among them, the work is over in the same frame."""
    drawn = list(messages)
    now = work(chat)
    with translation.override(language):
        return {
            "type": "news",
            "messages": [{"id": message.pk, "html": draw_message(message, viewer=viewer)} for message in drawn],
            "work": draw_work(chat, now),
            "running": now.run.pk if now.run and now.run.status == Run.Status.RUNNING else None,
        }

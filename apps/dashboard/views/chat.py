"""The chat page: drawn once here, kept up to date by the websocket."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.models import F, Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.agents.models import Run
from apps.agents.services import stop_run
from apps.chats.models import Chat, Group
from apps.dashboard import transcript
from apps.dashboard.permissions import may_read, may_write, no_reading, no_writing, readers_only
from apps.dashboard.posting import MOST_CHARACTERS, PostError, post
from apps.dashboard.service_status import serving
from apps.dashboard.uploads import MOST_FILES, megabytes


@never_cache
@readers_only
@require_GET
def list_groups(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/chats.html", {"groups": groups(), "serving": serving()})


@never_cache
@readers_only
@require_GET
def show(request: HttpRequest, folder: str) -> HttpResponse:
    chat = chat_or_404(folder)
    context = _page(request, chat) | {
        "chat": chat,
        "group": chat.group,
        "groups": groups(),
        "work": transcript.work(chat),
        "serving": serving(),
        "cannot_write": "" if may_write(request.user) else no_writing(),
        "most_characters": MOST_CHARACTERS,
        "most_files": MOST_FILES,
        "most_bytes": settings.MEDIA_LIMIT,
        "most_megabytes": megabytes(settings.MEDIA_LIMIT),
    }
    return render(request, "dashboard/chat.html", context | {"run": context["work"].run})


@never_cache
@require_http_methods(["GET", "POST"])
def messages(request: HttpRequest, folder: str) -> HttpResponseBase:
    """GET: older messages as a fragment. POST: one message; JSON answers with a sentence where it is refused."""
    if not request.user.is_authenticated:
        return refusal(_("You are signed out."), 401)
    if request.method == "GET":
        if not may_read(request.user):
            return refusal(no_reading(), 403)
        return render(request, "dashboard/_messages.html", _page(request, chat_or_404(folder)))
    if not may_write(request.user):
        return refusal(no_writing(), 403)
    try:
        message = post(
            chat_or_404(folder),
            user=request.user,
            external_id=request.POST.get("id", "") or str(uuid4()),
            text=request.POST.get("text", "").replace("\r\n", "\n"),
            files=request.FILES.getlist("files"),
        )
    except PostError as error:
        return refusal(str(error), error.status)
    return JsonResponse({"id": message.pk}, status=201)


@require_POST
def stop(request: HttpRequest, folder: str) -> HttpResponse:
    """Stops the open runs of this chat; saying it twice does no harm."""
    if not request.user.is_authenticated:
        return refusal(_("You are signed out."), 401)
    if not may_write(request.user):
        return refusal(no_writing(), 403)
    open_runs = Run.objects.filter(chat=chat_or_404(folder), status__in=(Run.Status.QUEUED, Run.Status.RUNNING))
    for run in open_runs:
        stop_run(run)
    return JsonResponse({"stopped": len(open_runs)})


def groups() -> QuerySet[Group]:
    """The newest activity first."""
    return Group.objects.annotate(active_at=Max("chats__last_message_at")).order_by(
        F("active_at").desc(nulls_last=True), "-is_main", "name"
    )


def _page(request: HttpRequest, chat: Chat) -> dict[str, Any]:
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404(f"{before!r} is no message")
    page = transcript.page(chat, before=int(before) if before else None)
    viewer = transcript.sender_id(request.user.pk or 0)
    return {
        "messages_drawn": [transcript.draw_message(message, viewer=viewer) for message in page.messages],
        "oldest": page.messages[0].pk if page.messages else 0,
        "newest": page.messages[-1].pk if page.messages else 0,
        "has_older": page.has_older,
    }


def chat_or_404(folder: str) -> Chat:
    if (chat := transcript.chat_of(folder)) is None:
        raise Http404(f"no group has the folder {folder!r}")
    return chat


def refusal(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)

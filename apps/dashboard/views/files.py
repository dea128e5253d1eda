"""Files of a chat, from the group's workspace, where the agent may have put anything under any name."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from apps.agents.sandbox import workspace_files
from apps.chats.models import Attachment
from apps.chats.services import SHOWN
from apps.dashboard.permissions import readers_only
from apps.dashboard.views.chat import chat_or_404

SEALED = "default-src 'none'; sandbox; frame-ancestors 'none'"


@readers_only
@require_GET
def show(request: HttpRequest, folder: str, number: int) -> HttpResponse:
    """A picture is shown, everything else is saved: nothing of it ever runs as a page of this site."""
    found = Attachment.objects.filter(message__chat=chat_or_404(folder), pk=number).select_related("message__run")
    attachment = found.first()
    if attachment is None or not attachment.path:
        raise Http404(f"no file {number} in the chat of {folder!r}")
    is_picture = attachment.mime in SHOWN
    response = HttpResponse(
        _content(attachment), content_type=attachment.mime if is_picture else "application/octet-stream"
    )
    disposition = content_disposition_header(not is_picture, attachment.name)
    response["Content-Disposition"] = disposition or "attachment"
    response["Content-Security-Policy"] = SEALED
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _content(attachment: Attachment) -> bytes:
    """Whole: it may have up to MEDIA_LIMIT bytes, and the agent may have made it larger since."""
    message = attachment.message
    group = message.run.group if message.run else message.chat.group
    if group is None:
        raise Http404("the group is gone")
    try:
        file, _ = workspace_files.open_inside(group, attachment.path)
    except workspace_files.FileRefusedError as error:
        raise Http404(str(error)) from error
    with file:
        content = file.read(settings.MEDIA_LIMIT + 1)
    if len(content) > settings.MEDIA_LIMIT:
        raise Http404("the file is too large by now")
    return content

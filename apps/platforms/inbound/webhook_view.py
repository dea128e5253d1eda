"""/hooks/<platform>/<channel id>/: a platform calls; what it says is stored, then answered. Everything fails closed."""

import logging

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from apps.chats import incidents
from apps.chats.models import Channel
from apps.chats.models.channel import CredentialError
from apps.platforms.base import PayloadError
from apps.platforms.inbound import intake, replay_guard
from apps.platforms.registry import SPECS, loaded
from apps.platforms.webhooks import Reader, Received, Reply, Request, WebhookRefused

logger = logging.getLogger(__name__)

MOST_CHANNELS = 2**31  # a larger number is no key that a database would take
AWAY = Reply("The service cannot store anything now; please deliver again.", 503)
UNREADABLE = Reply("The request cannot be read.", 400)
TOO_LARGE = Reply("The request is too large.", 413)
UNKNOWN = Reply("There is no such channel.", 404)


@csrf_exempt  # who calls has no cookie of ours; each platform's own signature is checked instead
def webhook(request: HttpRequest, platform: str, channel_id: int) -> HttpResponse:
    """A sync view: under ASGI each request has a thread of its own, which is where the rows are written."""
    with translation.override(settings.LANGUAGE_CODE):  # it is told to the operator, whatever the caller speaks
        reply = _reply(request, platform, channel_id)
    return HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)


def _reply(request: HttpRequest, platform: str, channel_id: int) -> Reply:
    if request.method not in ("GET", "POST"):
        return Reply("GET or POST is expected.", 405)
    if channel_id > MOST_CHANNELS:
        return UNKNOWN
    try:
        channel = Channel.objects.filter(pk=channel_id, platform=platform, enabled=True).first()
        reader = channel and _reader(channel)
        if not channel or not reader:
            return UNKNOWN
        body = _body(request)
        if body is None:
            return TOO_LARGE
        return _serve(channel, reader, Request(request.method, request.headers, request.GET.dict(), body))
    except (OperationalError, InterfaceError):
        logger.exception("a webhook of %s %s could not be stored", platform, channel_id)
        return AWAY


def _reader(channel: Channel) -> Reader | None:
    spec = SPECS.get(channel.platform)
    return loaded(spec.webhook) if spec and spec.webhook else None


def _body(request: HttpRequest) -> bytes | None:
    """None when it is longer than anything a platform sends."""
    body: bytes = request.read(settings.WEBHOOK_LIMIT + 1)
    return body if len(body) <= settings.WEBHOOK_LIMIT else None


def _serve(channel: Channel, reader: Reader, request: Request) -> Reply:
    try:
        return _take(channel, reader(channel, request))
    except WebhookRefused as refusal:
        replay_guard.count_refusal(channel, str(refusal))
        return Reply("Refused.", refusal.status)
    except CredentialError as error:
        incidents.record("webhook", channel, str(error))
        return AWAY
    except PayloadError as error:
        logger.warning("a request for %s cannot be read: %s", channel, error)
        incidents.record("webhook", channel, _("A request could not be read: %s") % error)
        return UNREADABLE
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # Whatever a stranger made up: it must neither end in a 500 nor pass unseen.
        logger.exception("a request for %s broke what reads or stores it", channel)
        said = _("A request could not be dealt with (%s); see the log.")
        incidents.record("webhook", channel, said % type(error).__name__)
        return UNREADABLE


def _take(channel: Channel, received: Received) -> Reply:
    """Returns after the commit; never waits for an agent."""
    if replay_guard.is_known(channel, received.once):
        logger.info("a request for %s came a second time", channel)
        return received.reply
    for event in received.events:
        intake.take(channel, event)
    if received.events and channel.is_event_due:
        channel.mark_event()
    replay_guard.remember(channel, received.once)
    return received.reply

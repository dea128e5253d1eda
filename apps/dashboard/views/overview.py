"""One page that says how things stand."""

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.agents.models import Run
from apps.chats.models import Channel, Chat, Incident
from apps.dashboard.asking import to_decide
from apps.dashboard.serving import serving
from apps.dashboard.views.chat import groups


@never_cache
@login_required
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    runs = Run.objects.filter(session__group=OuterRef("pk"))
    context = {
        "groups": groups().annotate(
            is_working=Exists(runs.filter(status=Run.Status.RUNNING)),
            is_waiting=Exists(runs.filter(status=Run.Status.QUEUED)),
            last_status=runs.order_by("-pk").values("status")[:1],
        ),
        "channels": Channel.objects.all(),
        "discovered": Chat.objects.discovered().count(),
        "incidents": Incident.objects.filter(seen=False)[:3],
        "unseen": Incident.objects.filter(seen=False).count(),
        "serving": serving(),
        "questions": to_decide(request.user),
    }
    return render(request, "dashboard/overview.html", context)

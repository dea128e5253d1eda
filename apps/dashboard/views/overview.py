"""One page that says how things stand: of what the admin would show this person."""

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.agents.models import Run
from apps.chats.models import Channel, Chat, Group, Incident
from apps.dashboard.permissions import may_read, may_see
from apps.dashboard.question_answers import to_decide
from apps.dashboard.service_status import listeners, serving
from apps.dashboard.views.chat import groups


@never_cache
@login_required
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    user = request.user
    context = {"serving": serving(), "questions": to_decide(user)}
    if may_read(user):
        context["groups"] = _groups_at_work()
    if may_see(user, "chats.view_channel"):
        context |= {"channels": Channel.objects.all(), "is_deaf": listeners() == 0}
    if may_see(user, "chats.view_chat"):
        context["discovered"] = Chat.objects.discovered().count()
    if may_see(user, "chats.view_incident"):
        unseen = Incident.objects.filter(seen=False)
        context |= {"incidents": unseen[:3], "unseen": unseen.count()}
    return render(request, "dashboard/overview.html", context)


def _groups_at_work() -> QuerySet[Group]:
    runs = Run.objects.filter(session__group=OuterRef("pk"))
    return groups().annotate(
        is_working=Exists(runs.filter(status=Run.Status.RUNNING)),
        is_waiting=Exists(runs.filter(status=Run.Status.QUEUED)),
        last_status=runs.order_by("-pk").values("status")[:1],
    )

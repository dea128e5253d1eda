"""Approvals on the overview page, and the buttons of the chat page."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.agents.models import Question
from apps.agents.questions.questions import may_approve
from apps.dashboard import question_answers
from apps.dashboard.permissions import may_write, no_writing
from apps.dashboard.views.chat import chat_or_404, refusal


@never_cache
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """A fragment, drawn again every few seconds."""
    if not request.user.is_authenticated:
        return refusal(_("You are signed out."), 401)
    return render(request, "dashboard/_questions.html", {"questions": question_answers.to_decide(request.user)})


@login_required
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    question = get_object_or_404(Question, pk=number, kind=Question.Kind.APPROVAL)
    index = request.POST.get("choice", "")
    user = cast(User, request.user)
    sentence = question_answers.decide(question, user=user, index=int(index) if index in ("0", "1") else -1)
    if sentence:
        messages.warning(request, sentence)
    return redirect("dashboard:overview")


@require_POST
def press(request: HttpRequest, folder: str) -> HttpResponse:
    """A button under a question in the chat."""
    if not request.user.is_authenticated:
        return refusal(_("You are signed out."), 401)
    if not (may_write(request.user) or may_approve(request.user)):
        return refusal(no_writing(), 403)
    token = request.POST.get("token", "")[:100]
    sentence = question_answers.press(chat_or_404(folder), user=request.user, token=token)
    return refusal(sentence, 409) if sentence else JsonResponse({"pressed": token}, status=201)

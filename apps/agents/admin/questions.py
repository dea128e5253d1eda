"""What runs asked people, who answered, and (for who may) the answer to what is still open."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.agents.models import APPROVE, REFUSE, Question
from apps.agents.questions import questions
from apps.chats.admin.readonly import HistoryAdmin


@admin.register(Question)
class QuestionAdmin(HistoryAdmin):
    about = _("What agents asked people, and what they asked leave for. What is still open can be decided here.")
    list_display = ["start", "group", "subject", "status", "answered", "answerer", "created_at"]
    list_filter = ["status", "kind", "run__session__group"]
    list_select_related = ["run__session__group", "sender", "user"]
    search_fields = ["text", "subject"]
    date_hierarchy = "created_at"
    fields = [
        *("text", "offered", "run", "chat", "thread_id", "kind", "subject", "status", "answered", "answerer"),
        *("created_at", "answered_at", "expires_at"),
    ]
    readonly_fields = ["offered", "answered", "answerer", "created_at"]
    actions = ["approve", "refuse"]

    @admin.display(description=_("question"))
    def start(self, question: Question) -> str:
        return Truncator(question.text).chars(80)

    @admin.display(description=_("choices"))
    def offered(self, question: Question) -> str:
        return " · ".join(map(question.in_words, question.choices))

    @admin.display(description=_("answer"), ordering="answer")
    def answered(self, question: Question) -> str:
        return Truncator(question.in_words(question.answer)).chars(80) or "–"

    @admin.display(description=_("answered by"))
    def answerer(self, question: Question) -> str:
        return question.answered_by or "–"

    @admin.display(description=_("group"), ordering="run__session__group")
    def group(self, question: Question) -> str:
        return str(question.run.group)

    @admin.action(description=_("Approve"), permissions=["view"])
    def approve(self, request: HttpRequest, queryset: Any) -> None:
        self._decide(request, queryset, APPROVE)

    @admin.action(description=_("Refuse"), permissions=["view"])
    def refuse(self, request: HttpRequest, queryset: Any) -> None:
        self._decide(request, queryset, REFUSE)

    def _decide(self, request: HttpRequest, queryset: Any, choice: str) -> None:
        user = cast(User, request.user)
        approvals = list(queryset.filter(kind=Question.Kind.APPROVAL))
        refusals = [sentence for each in approvals if (sentence := questions.answer(each, choice, user=user))]
        for sentence in dict.fromkeys(refusals):
            self.message_user(request, sentence, messages.WARNING)
        count = len(approvals) - len(refusals)
        self.message_user(request, ngettext("%d request is decided.", "%d requests are decided.", count) % count)

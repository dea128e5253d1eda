"""Model providers: the key can be written and never read; a button asks the endpoint whether it works."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.agents.models import ModelProvider
from apps.agents.providers import pool
from apps.agents.providers.probe import probe
from apps.chats.fields.encryption import UNREADABLE

MOST_TESTED = 10  # at once: each may take as long as a model's patience
STATE = ["state", "failures", "resting_until", "last_error"]


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    key = forms.CharField(
        required=False,
        strip=True,
        max_length=10_000,
        label=_("Key"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )

    class Meta:
        model = ModelProvider
        fields = ["name", "enabled", "order", "base_url", "key_kind", "max_output_tokens", "model_names", "prices"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].help_text = self._about_key()

    def clean_base_url(self) -> str:
        return str(self.cleaned_data["base_url"]).strip().rstrip("/")

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if not key and not self._is_set():
            raise forms.ValidationError(_("A key is needed; where the endpoint asks for none, write any word."))
        if not key.isascii() or not key.isprintable():
            raise forms.ValidationError(_("A key has plain letters, digits and signs only."))
        return key

    def clean_model_names(self) -> Any:
        return {} if self.cleaned_data["model_names"] is None else self.cleaned_data["model_names"]

    def clean_prices(self) -> Any:
        return {} if self.cleaned_data["prices"] is None else self.cleaned_data["prices"]

    def save(self, commit: bool = True) -> Any:
        if key := self.cleaned_data["key"]:
            self.instance.credentials = {"key": key}
        return super().save(commit)

    def _is_set(self) -> bool:
        return bool(self.instance.credentials)

    def _about_key(self) -> str:
        if self.instance.credentials is UNREADABLE:
            return str(_("What is stored was encrypted under another secret key and cannot be read; enter it again."))
        state = _("A key is set; what is left empty stays as it is.") if self._is_set() else _("No key is set.")
        return f"{state} " + _("It may be a reference: env:NAME or file:/run/secrets/name.")


@admin.register(ModelProvider)
class ModelProviderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    about = _("Endpoints that speak Anthropic's Messages API. The first one is asked; when it fails, the next one.")
    form = ProviderForm
    list_display = ["name", "order", "enabled", "base_url", "state", "last_error"]
    list_filter = ["enabled"]
    actions = ["test_selected", "wake_up"]

    @admin.display(description=_("state"))
    def state(self, provider: ModelProvider) -> str:
        if not provider.enabled:
            return str(_("off"))
        if trouble := pool.from_row(provider).trouble:
            return trouble
        if provider.is_resting:
            return str(_("resting"))
        return str(_("failing")) if provider.failures else str(_("in use"))

    def get_fieldsets(self, request: HttpRequest, obj: ModelProvider | None = None) -> Any:
        # Who may only look has no field to write the key into; Django would show what the row's `key` says instead.
        writes = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [
            (None, {"fields": ["name", "enabled", "order"]}),
            (_("Endpoint"), {"fields": ["base_url", "key_kind", *(["key"] if writes else []), "max_output_tokens"]}),
            (_("Names and prices of models"), {"classes": ["collapse"], "fields": ["model_names", "prices"]}),
            *([(_("State"), {"fields": STATE})] if obj else []),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: ModelProvider | None = None) -> list[str]:
        return STATE

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/test/", self.admin_site.admin_view(self.test), name="agents_modelprovider_test")
        return [own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Without a row, it is said who serves all the same."""
        if request.method == "GET" and not ModelProvider.objects.filter(enabled=True).exists():
            self._say_who_serves(request)
        return super().changelist_view(request, extra_context)

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        provider = get_object_or_404(ModelProvider, pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, provider):
            return HttpResponseNotAllowed(["POST"])
        self._test(request, provider)
        return redirect(reverse("admin:agents_modelprovider_change", args=[pk]))

    def save_model(self, request: HttpRequest, obj: ModelProvider, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        obj.wake_up()  # what was held against it was held against what it was
        pool.forget()

    @admin.action(description=_("Test: ask for a few tokens"), permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[ModelProvider]) -> None:
        for provider in queryset[:MOST_TESTED]:
            self._test(request, provider)
        if queryset.count() > MOST_TESTED:
            self.message_user(request, _("Only the first %d were tested.") % MOST_TESTED, messages.WARNING)

    @admin.action(description=_("Wake up: forget the failures"), permissions=["change"])
    def wake_up(self, request: HttpRequest, queryset: QuerySet[ModelProvider]) -> None:
        woken = sum(provider.wake_up() for provider in queryset)
        pool.forget()
        said = ngettext("%d provider is asked again.", "%d providers are asked again.", woken)
        self.message_user(request, said % woken)

    def _test(self, request: HttpRequest, provider: ModelProvider) -> None:
        worked, sentence = probe(provider, settings.MODEL)
        self.message_user(request, f"{provider.name}: {sentence}", messages.SUCCESS if worked else messages.ERROR)

    def _say_who_serves(self, request: HttpRequest) -> None:
        if serving := pool.from_environment():
            said = _("The key in the environment serves, at %s, until a provider is added here.")
            self.message_user(request, said % serving[0].place, messages.INFO)
        else:
            said = _("There is no key, and the demo agent answers, until a provider is added here.")
            self.message_user(request, said, messages.WARNING)

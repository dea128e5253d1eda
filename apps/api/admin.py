from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.api import tokens
from apps.api.models import ApiToken, Scope


class ApiTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[Scope.READ]
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "restricted", "groups", "expires_at"]

    def clean(self) -> dict[str, Any]:
        """Whoever chooses groups means them alone; a forgotten tick must not open all the others."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("groups") and not cleaned.get("restricted"):
            self.add_error(
                "restricted", _("Tick this as well, or choose no groups: now the token would see all of them.")
            )
        return cleaned


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    about = _("A token lets a program use the REST API, which is described at /api/docs.")
    form = ApiTokenForm
    list_display = ["name", "may", "reach", "is_valid", "expires_at", "last_used_at", "created_at"]
    autocomplete_fields = ["groups"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("scopes"))
    def may(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @admin.display(description=_("groups"))
    def reach(self, token: ApiToken) -> str:
        return ", ".join(map(str, token.groups.all())) if token.restricted else gettext("all")

    @admin.display(boolean=True, description=_("valid"))
    def is_valid(self, token: ApiToken) -> bool:
        return not token.is_expired

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        secret = tokens.new_secret()
        obj.hash = tokens.hashed(secret)
        obj.save()
        self.message_user(
            request, _("The token, shown this once only: %(secret)s") % {"secret": secret}, messages.WARNING
        )

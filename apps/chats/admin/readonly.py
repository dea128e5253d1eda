"""History is looked at, not edited."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest


class HistoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nobody adds, changes or deletes; each action says which permission what it calls needs."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TakesHistoryAlong(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who may delete one of these may delete its history with it, which nobody may delete by itself."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes along is counted, not listed: it may be a hundred thousand rows; joins mean nothing to a person."""
        _listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        site = self.admin_site._registry.items()
        history = {str(model._meta.verbose_name) for model, desk in site if isinstance(desk, HistoryAdmin)}
        models = apps.get_models(include_auto_created=True)
        joins = {str(model._meta.verbose_name_plural) for model in models if model._meta.auto_created}
        counts = {name: count for name, count in counts.items() if str(name) not in joins}
        return [str(one) for one in objs], counts, {name for name in needed if str(name) not in history}, protected

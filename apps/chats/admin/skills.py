"""Which skills a group's agent gets: all of them, also new ones, or those that are ticked."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Group
from apps.chats.workspace import skills

ALL = "*"


class SkillsField(forms.MultipleChoiceField):
    """Cleans to None for all, else to a list of names."""

    widget = forms.CheckboxSelectMultiple
    group = Group()

    def show(self, group: Group) -> None:
        """Also what the group has chosen and is gone meanwhile, so that saving the form does not drop it."""
        self.group = group
        there = skills.available(group)
        gone = [name for name in group.skills or [] if name not in there]
        self.choices = [
            (ALL, _("all, also those that come later")),
            *((name, _about(group, name)) for name in there),
            *((name, _("%s (not there any more)") % name) for name in gone),
        ]

    def prepare_value(self, value: Any) -> Any:
        return [ALL] if value is None else value

    def clean(self, value: Any) -> list[str] | None:
        names = list(value or [])
        if ALL in names:
            return None
        skills.check(self.group, names)
        return names

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != list(data or []))


def _about(group: Group, name: str) -> str:
    says = skills.description(group if group.folder else None, name)
    return f"{name}: {says}" if says else name

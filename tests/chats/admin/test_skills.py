"""Which skills a group has, ticked in the admin."""

import pytest
from django.urls import reverse

from apps.chats.models import Group
from apps.chats.services import create_group

pytestmark = pytest.mark.usefixtures("own_folders")


def group_form(browser, group, **changes):
    address = reverse("admin:chats_group_change", args=[group.pk])
    form = browser.get(address).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, False)} | changes
    for inline in browser.get(address).context["inline_admin_formsets"]:
        prefix = inline.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return browser.post(address, data, follow=True)


def test_a_groups_skills_are_ticked_and_unknown_ones_refused_with_those_there_are(browser_of, group):
    shown = browser_of.get(reverse("admin:chats_group_change", args=[group.pk])).content.decode()
    assert "weekly-report: Write the group&#x27;s report" in shown
    group_form(browser_of, group, skills=["weekly-report"])
    assert Group.objects.get(pk=group.pk).skills == ["weekly-report"]
    refused = group_form(browser_of, group, skills=["weekly-report", "flying"]).content.decode()
    assert "There is no skill flying; there are: " in refused
    assert "group-memory, weekly-report." in refused
    group_form(browser_of, group, skills=["*"])
    assert Group.objects.get(pk=group.pk).skills is None
    group_form(browser_of, group, skills=[])
    assert Group.objects.get(pk=group.pk).skills == []


def test_a_chosen_skill_that_is_gone_stays_chosen(browser_of, group):
    Group.objects.update(skills=["gone", "weekly-report"])
    group_form(browser_of, group, skills=["gone", "weekly-report"])
    assert Group.objects.get(pk=group.pk).skills == ["gone", "weekly-report"]


def test_a_new_group_gets_all_skills(browser_of):
    shown = browser_of.get(reverse("admin:chats_group_add"))
    assert shown.context["adminform"].form["skills"].value() == ["*"]
    create_group(folder="plain")
    assert Group.objects.get(folder="plain").skills is None

import pytest
from django.test import Client

from apps.api import tokens
from apps.api.models import ApiToken
from tests.api.support import person

pytestmark = pytest.mark.django_db(transaction=True)


def test_groups_that_are_chosen_without_the_tick_do_not_open_all_the_others(family):
    browser = Client()
    browser.force_login(person(is_superuser=True))
    form = {"name": "reports", "scopes": ["read"], "groups": [family.pk]}
    assert "Tick this as well" in browser.post("/admin/api/apitoken/add/", form).content.decode()
    assert not ApiToken.objects.exists()
    assert browser.post("/admin/api/apitoken/add/", form | {"restricted": "on"}).status_code == 302
    assert ApiToken.objects.get().restricted


def test_the_admin_shows_a_new_token_once(family):
    browser = Client()
    browser.force_login(person(is_superuser=True))
    form = {"name": "ci", "scopes": ["read"], "restricted": "on", "groups": [family.pk]}
    page = browser.post("/admin/api/apitoken/add/", form, follow=True).content.decode()
    row = ApiToken.objects.get()
    secret = page.partition("shown this once only: ")[2].split("<")[0].strip()
    assert tokens.find(secret) == row
    assert secret not in browser.get(f"/admin/api/apitoken/{row.pk}/change/").content.decode()

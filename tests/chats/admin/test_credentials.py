"""Secrets go into a form and do not come out."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.chats.admin.support import SECRET, change

pytestmark = pytest.mark.django_db


def test_a_credential_is_never_shown(browser_of, channel):
    pages = [f"/admin/chats/channel/{channel.pk}/change/", "/admin/chats/channel/", "/", "/readyz"]

    shown = "".join(browser_of.get(page).text for page in pages)
    refused = change(browser_of, channel, name="").text  # the form comes back with its error

    assert "token" in shown
    assert SECRET not in shown + refused
    assert "x-y-z-1" not in shown + refused


def test_what_is_left_empty_stays(browser_of, channel):
    change(browser_of, channel, name="Renamed")

    assert channel.name == "Renamed"
    assert channel.credential("token") == SECRET


def test_what_is_written_replaces_and_what_is_ticked_goes(browser_of, channel):
    change(
        browser_of,
        channel,
        **{
            "credentials-value-token": "new-value",
            "credentials-delete-extra": "on",
            "credentials-new-key-0": "webhook_secret",
            "credentials-new-value-0": "env:HOOK",
        },
    )

    assert channel.credentials == {"token": "new-value", "webhook_secret": "env:HOOK"}


def test_a_refused_form_does_not_give_back_what_was_written(browser_of, channel):
    response = change(browser_of, channel, **{"name": "", "credentials-value-token": "typed-secret"})

    assert response.status_code == 200
    assert "typed-secret" not in response.text


def test_a_credential_needs_a_name(browser_of, channel):
    response = change(browser_of, channel, **{"credentials-new-key-0": "a b", "credentials-new-value-0": "x"})

    assert "letters, digits" in response.text
    assert "a b" not in channel.credentials


def test_credentials_under_another_secret_key_are_said_and_can_be_entered_again(browser_of, channel, settings):
    settings.SECRET_KEY = "another-" * 8
    client = Client()
    client.force_login(User.objects.get(username="lena"))

    page = client.get(f"/admin/chats/channel/{channel.pk}/change/")
    assert "encrypted under another secret key" in page.text
    change(client, channel, **{"credentials-new-key-0": "token", "credentials-new-value-0": "again"})

    assert channel.credential("token") == "again"

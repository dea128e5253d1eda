import pytest
from django.db import connection, transaction

from apps.chats.fields.encryption import UNREADABLE, UnreadableSecretError
from apps.chats.models import Channel
from apps.chats.models.channel import CredentialError

pytestmark = pytest.mark.django_db

OTHER_KEY = "another-secret-key-that-is-long-enough-000000"


@pytest.fixture
def channel():
    return Channel.objects.create(platform="telegram", name="bot", credentials={"token": "s3cret-value"})


def stored(channel):
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM chats_channel WHERE id = %s", [channel.pk])
        return cursor.fetchone()[0]


def test_the_column_holds_no_secret_and_the_model_gives_it_back(channel):
    assert "s3cret" not in stored(channel)
    assert Channel.objects.get().credential("token") == "s3cret-value"


def test_a_secret_shows_nowhere_by_accident(channel):
    assert "s3cret" not in repr(Channel.objects.get().credentials)
    assert "s3cret" not in str(Channel.objects.get())


def test_under_another_key_the_page_opens_and_the_channel_says_what_to_do(channel, settings):
    settings.SECRET_KEY = OTHER_KEY
    found = Channel.objects.get()
    assert found.credentials is UNREADABLE
    with pytest.raises(CredentialError, match="enter them again"):
        found.credential("token")


def test_unreadable_credentials_are_not_overwritten_by_a_careless_save(channel, settings):
    before = stored(channel)
    settings.SECRET_KEY = OTHER_KEY
    with pytest.raises(UnreadableSecretError), transaction.atomic():
        Channel.objects.get().save()
    assert stored(channel) == before

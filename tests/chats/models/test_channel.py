import pytest

from apps.chats.models.channel import CredentialError

pytestmark = pytest.mark.django_db


def test_a_credential_may_refer_to_the_environment_or_a_file(channel, monkeypatch, tmp_path):
    monkeypatch.setenv("BOT_TOKEN", "from-env")
    (tmp_path / "token").write_text("from-file\n")
    channel.credentials = {"a": "plain", "b": "env:BOT_TOKEN", "c": f"file:{tmp_path}/token"}
    assert [channel.credential(key) for key in "abc"] == ["plain", "from-env", "from-file"]


def test_a_credentials_file_that_is_no_text_is_said(channel, tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    channel.credentials = {"token": f"file:{tmp_path}/token"}
    with pytest.raises(CredentialError, match="cannot be read: it is no text"):
        channel.credential("token")


@pytest.mark.parametrize("value", ["", "env:NGB_NOT_SET", "file:/nonexistent"])
def test_a_missing_credential_is_said_in_words(channel, value):
    channel.credentials = {"token": value}
    with pytest.raises(CredentialError, match=r"credential.*(missing or empty|cannot be read)"):
        channel.credential("token")

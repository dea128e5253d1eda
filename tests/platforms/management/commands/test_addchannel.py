import io
import sys

import pytest
from django.core.management import CommandError, ManagementUtility, call_command

from apps.chats.models import Channel

pytestmark = pytest.mark.django_db


def add(*arguments):
    out = io.StringIO()
    call_command("addchannel", *arguments, stdout=out)
    return Channel.objects.get(pk=int(out.getvalue()))


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        call_command("addchannel", *arguments)
    assert not Channel.objects.exists()
    return str(refused.value)


def test_a_channel_is_added_and_only_its_id_printed():
    channel = add("telegram", "--name", "bot", "--set", "token=1:abc", "--set", "api_base=http://127.0.0.1:1")
    assert (channel.name, channel.enabled, channel.options) == ("bot", True, {"api_base": "http://127.0.0.1:1"})
    assert channel.credential("token") == "1:abc"


def test_a_name_is_found_when_none_is_given():
    assert [add("telegram", "--set", "token=1:a").name for _ in range(3)] == ["telegram", "telegram-2", "telegram-3"]


def test_a_channel_that_is_called_like_its_platform_says_so_once():
    named, unnamed = add("telegram", "--name", "bot", "--set", "token=1:a"), add("telegram", "--set", "token=1:b")
    assert [str(named), str(unnamed)] == ["bot (telegram)", "telegram"]


def test_the_help_names_each_platforms_keys_and_once_what_all_have(capsys):
    with pytest.raises(SystemExit):
        ManagementUtility(["manage.py", "addchannel", "--help"]).execute()
    told = capsys.readouterr().out
    assert "\nkeys of telegram:\n  token: The token that @BotFather gave you.\n" in told
    assert (told.count("  ack_reaction:") > 1, told.count("  strangers:")) == (True, 1)


def test_it_may_be_disabled_and_refer_to_the_environment():
    channel = add("telegram", "--disabled", "--set", "token=env:MY_TOKEN")
    assert (channel.enabled, dict(channel.credentials)) == (False, {"token": "env:MY_TOKEN"})


def test_a_secret_may_come_by_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("1:from-stdin\n"))
    assert add("telegram", "--set", "token=-").credential("token") == "1:from-stdin"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_at_a_terminal_it_asks_for_what_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("apps.platforms.management.commands.addchannel.getpass", lambda question: "1:typed")

    assert add("telegram").credential("token") == "1:typed"


def test_at_a_terminal_nothing_is_asked_when_everything_was_given(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("apps.platforms.management.commands.addchannel.getpass", pytest.fail)

    assert add("telegram", "--set", "token=1:a").credential("token") == "1:a"


def test_a_choice_is_one_of_its_words():
    assert "--set mode: One of polling, webhook is expected." in refusal(
        "telegram", "--set", "token=1:a", "--set", "mode=push"
    )


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8081", "ftp://bot", "http://", "http://bot:port", "http://bot:0", "http://[::1", "env:BASE "]
)
def test_an_address_that_is_none_is_refused(address):
    said = refusal("telegram", "--set", "token=1:a", "--set", f"api_base={address}")
    assert said == "--set api_base: An address is expected that begins with one of: http://, https://"


def test_a_websockets_address_is_one_of_a_websocket():
    onebot = ["qq", "--set", "mode=forward", "--set", "access_token=a"]
    assert "--set ws_url: An address is expected" in refusal(*onebot, "--set", "ws_url=http://127.0.0.1:3001")
    add(*onebot, "--set", "ws_url=env:ONEBOT")
    add(*onebot, "--set", "ws_url=ws://127.0.0.1:3001/")


def test_a_second_chat_page_is_refused():
    add("web")
    with pytest.raises(CommandError, match="There is only one chat page, and the channel “web” is it already"):
        call_command("addchannel", "web", "--name", "another")


def test_what_is_wrong_is_said_with_its_name():
    assert refusal("telegram", "--set", "token=1:a", "--name", "n" * 101).startswith("name: ")


def test_an_unknown_key_is_refused_with_the_known_ones():
    assert "it knows: token, api_base" in refusal("telegram", "--set", "tokn=1:a")


def test_a_missing_token_is_refused():
    assert "needs --set token=VALUE" in refusal("telegram")


def test_a_setting_without_a_value_is_refused():
    assert "KEY=VALUE is expected" in refusal("telegram", "--set", "token")


def test_an_unknown_platform_is_refused_with_the_known_ones():
    assert "telegram" in refusal("telegraph", "--set", "token=1:a")


def test_a_name_that_is_taken_is_refused():
    add("telegram", "--name", "bot", "--set", "token=1:a")
    with pytest.raises(CommandError, match="already exists"):
        call_command("addchannel", "telegram", "--name", "bot", "--set", "token=1:b")

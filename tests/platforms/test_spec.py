import pytest

from apps.chats import platforms
from apps.platforms.base import Adapter
from apps.platforms.registry import SPECS, adapter_class
from apps.platforms.spec import HTTP, Field, PlatformSpec


@pytest.mark.parametrize("platform", list(SPECS))
def test_a_platform_says_truly_whether_it_has_reactions(platform):
    has = adapter_class(platform).react is not Adapter.react
    assert platforms.can_react(platform) is SPECS[platform].reactions is has


def test_a_choice_and_an_address_are_judged_and_a_plain_value_is_not():
    mode, base = Field("mode", "", choices=("polling", "webhook")), Field("base", "", schemes=HTTP)
    assert [mode.problem(value) for value in ("", "webhook")] == ["", ""]
    assert mode.problem("push") == "One of polling, webhook is expected."
    assert [base.problem(value) for value in ("", "https://x.y:8081/bot")] == ["", ""]
    for wrong in ("x.y", "ftp://x.y", "http://", "http://x.y:0", "http://[::1"):
        assert base.problem(wrong).startswith("An address is expected"), wrong
    assert Field("token", "").problem("anything at all") == ""


def test_a_field_is_called_by_its_label_else_by_its_name():
    assert Field("api_base", "", "API base").title == "API base"
    assert Field("api_base", "").title == "Api base"


def test_a_platforms_keys_are_its_credentials_and_its_options():
    spec = PlatformSpec("X", "x.Adapter", credentials=(Field("token", ""),), options=(Field("stream", ""),))
    assert spec.keys == ["token", "stream"]


@pytest.mark.parametrize("platform", list(SPECS))
def test_no_platform_asks_for_two_things_by_one_name(platform):
    keys = SPECS[platform].keys
    assert len(keys) == len(set(keys))

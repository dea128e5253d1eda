import pytest

from apps.chats import platforms
from apps.platforms.base import Adapter
from apps.platforms.registry import SPECS, adapter_class


@pytest.mark.parametrize("platform", list(SPECS))
def test_a_platform_says_truly_whether_it_has_reactions(platform):
    has = adapter_class(platform).react is not Adapter.react
    assert platforms.can_react(platform) is SPECS[platform].reactions is has

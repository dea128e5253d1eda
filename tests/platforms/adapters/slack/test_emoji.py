"""Slack's names of emoji."""

import pytest

from apps.platforms.adapters.slack.emoji import name_of
from apps.platforms.base import PlatformError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("emoji", "name"), [("👀", "eyes"), ("❤️", "heart"), (":party-parrot:", "party-parrot")])
def test_slack_names_its_emoji(emoji, name):
    assert name_of(emoji) == name


@pytest.mark.parametrize("emoji", ["🦤", "eyes", "", "::"])
def test_an_emoji_without_a_known_name_is_refused(emoji):
    with pytest.raises(PlatformError, match="write the name"):
        name_of(emoji)

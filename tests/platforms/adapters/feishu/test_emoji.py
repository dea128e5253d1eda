"""Feishu's names of reactions."""

import pytest

from apps.platforms.adapters.feishu.emoji import reaction

pytestmark = pytest.mark.django_db(transaction=True)


def test_reactions_have_names():
    assert [reaction(emoji) for emoji in ("👍", "❤️", "OnIt", "🦄", "../x")] == ["THUMBSUP", "HEART", "OnIt", "", ""]

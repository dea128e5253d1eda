from pathlib import Path

import pytest
from pytest_django import Settings

from apps.chats.models import Chat, Group
from apps.chats.services import create_group, web_chat


@pytest.fixture(autouse=True)
def _pages(back_to_english: None) -> None:
    """Strangers ask for pages as well, without `browser_of`."""


@pytest.fixture
def group(db: None) -> Group:
    return create_group(folder="family", name="The family")


@pytest.fixture
def chat(group: Group) -> Chat:
    return web_chat(group)


@pytest.fixture
def own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.GROUPS_DIR = tmp_path / "groups"

from collections.abc import Callable
from typing import Any

import pytest

from apps.chats.models import Group
from apps.chats.services import create_group

Asker = Callable[..., Any]


@pytest.fixture
def family(transactional_db) -> Group:
    return create_group(folder="family", name="Family")


@pytest.fixture
def work(transactional_db) -> Group:
    return create_group(folder="office", name="Office")

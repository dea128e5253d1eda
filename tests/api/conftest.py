import pytest

from apps.chats.models import Group
from apps.chats.services import create_group


@pytest.fixture
def family(transactional_db) -> Group:
    return create_group(folder="family", name="Family")


@pytest.fixture
def work(transactional_db) -> Group:
    return create_group(folder="office", name="Office")

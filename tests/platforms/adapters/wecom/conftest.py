import pytest

from tests.fakes.wecom_api import WeComApi


@pytest.fixture
def api():
    with WeComApi() as server:
        yield server

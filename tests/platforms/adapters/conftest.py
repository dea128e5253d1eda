import pytest


@pytest.fixture(autouse=True)
def _files_of_its_own(own_folders: None) -> None:
    """What a test receives lies in a folder of its own."""

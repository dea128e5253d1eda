import pytest
from django.core.exceptions import ValidationError

from apps.chats.models import Group
from tests.chats.models.support import refused

pytestmark = pytest.mark.django_db


def test_two_groups_never_share_a_folder_not_even_in_another_case():
    Group.objects.create(name="A", folder="team")
    assert refused(lambda: Group.objects.create(name="B", folder="team"))
    assert refused(lambda: Group.objects.create(name="B", folder="TEAM"))


def test_there_is_one_main_group():
    Group.objects.create(name="A", folder="a", is_main=True)
    Group.objects.create(name="B", folder="b")
    assert refused(lambda: Group.objects.create(name="C", folder="c", is_main=True))


@pytest.mark.parametrize("folder", ["main", "family-chat", "Team_42", "a" * 64])
def test_plain_names_are_folders(folder):
    group = Group(name="x", folder=folder)
    group.full_clean()  # would raise
    assert group.folder == folder


@pytest.mark.parametrize(
    "folder", ["../../etc", "/tmp", "global", "Global", "", "a/b", "-x", "a" * 65, "a b", "a\n", "ä"]
)
def test_other_names_are_not(folder):
    with pytest.raises(ValidationError):
        Group(name="x", folder=folder).full_clean()

"""What breaks a promise of the database is told apart: somebody was faster, or the service is wrong."""

import json
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from ninja import NinjaAPI
from ninja.testing import TestClient

from apps.api import errors
from apps.chats.models import Chat, Group
from apps.chats.services import create_group


def _taken() -> None:
    Group.objects.create(folder=create_group(folder="family").folder, name="Another")


def _nowhere() -> None:
    Chat(external_id="1").save()


@pytest.mark.django_db
@pytest.mark.parametrize(("breaks", "status"), [(_taken, 409), (_nowhere, 500)])
def test_only_what_is_taken_is_a_race(rf, breaks: Callable[[], None], status: int) -> None:
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        breaks()

    answer = errors._raced(rf.post("/api/v1/groups"), broken.value)

    assert answer.status_code == status
    assert ("faster" in json.loads(answer.content)["detail"]) == (status == 409)


def test_a_defect_is_one_sentence_without_a_traceback(caplog):
    broken = NinjaAPI(urls_namespace="broken")
    errors.install(broken)

    @broken.get("/defect")
    def defect(request):
        raise KeyError("a secret")

    answer = TestClient(broken).get("/defect")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong here; the log of the service says what."}
    assert "KeyError" in caplog.text

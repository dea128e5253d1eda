import pytest
from django.db import connection
from django.test import Client

from apps.agents.sandbox import selection
from apps.chats.models import Channel
from apps.chats.services import OUTBOX_FILLED, web_channel
from apps.dashboard import service_status
from apps.events import pubsub
from tests.waiting import until


@pytest.fixture(autouse=True)
def _process(settings, monkeypatch):
    """How this machine's Docker engine feels is no matter of these tests."""
    settings.AGENT_RUNTIME = "process"
    monkeypatch.setattr(service_status, "_runtime", service_status.Remembered())
    selection.chosen_runtime.cache_clear()
    yield
    selection.chosen_runtime.cache_clear()


@pytest.fixture
def listening(redis_server):
    """As `runchannels` does."""
    with pubsub.subscription(OUTBOX_FILLED):
        until(lambda: pubsub.audience(OUTBOX_FILLED))
        yield


def ready():
    response = Client().get("/readyz")
    return response.status_code, response.json()


def test_a_living_process_answers_without_the_database():
    """No database mark: pytest-django refuses any query here."""
    assert Client().get("/healthz").text == "ok\n"


@pytest.mark.django_db
def test_ready_when_everything_answers(listening):
    Channel.objects.filter(pk=web_channel().pk).update(status="online")

    status, report = ready()

    assert (status, report["status"], report["down"]) == (200, "ready", [])
    assert report["channels"] == {"web": "online"}
    assert report["agent"]["name"] == "demo"
    assert report["runtime"]["why"]


@pytest.mark.django_db
def test_one_channel_down_is_shown_but_the_service_is_ready(listening):
    Channel.objects.filter(pk=web_channel().pk).update(status="online")
    Channel.objects.create(
        platform="telegram",
        name="Bot",
        status="failed",
        status_detail="token 123:SECRET",
        credentials={"token": "SECRET"},
    )

    status, report = ready()

    assert status == 200
    assert report["channels"]["Bot"] == "failed"
    assert "SECRET" not in str(report)


@pytest.mark.django_db
def test_every_enabled_channel_down_is_not_ready(listening):
    web_channel()
    Channel.objects.create(platform="telegram", name="Off", status="online", enabled=False)

    assert ready()[0] == 503
    assert ready()[1]["down"] == ["channels"]


@pytest.mark.django_db
def test_a_broker_that_is_away_is_said(settings, tmp_path, own_connection):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"

    status, report = ready()

    assert status == 503
    assert "broker" in report["down"]
    assert report["listeners"] == "unknown"


@pytest.mark.django_db
def test_listeners_that_do_not_run_are_said(redis_server, admin_client):
    Channel.objects.filter(pk=web_channel().pk).update(status="online")

    status, report = ready()

    assert (status, report["down"]) == (503, ["listeners"])
    assert "the listeners do not run" in admin_client.get("/").text


@pytest.mark.django_db
def test_listeners_that_run_are_no_news(listening, admin_client):
    web_channel()

    assert "the listeners do not run" not in admin_client.get("/").text


@pytest.mark.django_db
def test_a_database_that_is_away_is_said(redis_server):
    from django.db import OperationalError

    def away(*_):
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(away):
        status, report = ready()

    assert status == 503
    assert "database" in report["down"]
    assert report["broker"] == "up"

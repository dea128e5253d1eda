"""Docker goes away in the middle of a turn, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from apps.agents.sandbox import selection
from tests.fakes.messages_api import MessagesApi, Text
from tests.fakes.telegram_api import TelegramApi
from tests.journeys.engine import Engine, can_start
from tests.journeys.service import wait_until
from tests.journeys.support import KEY, serving_a_team

pytestmark = [pytest.mark.journey, pytest.mark.docker]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    if not can_start() or selection.docker_missing():
        pytest.skip("skipped because Docker is missing: a second engine needs root, dockerd and the agent image")
    own = Engine(tmp_path)
    try:
        own.start().load(settings.AGENT_IMAGE)
        yield own
    finally:
        own.remove()


def test_docker_stopped_in_mid_turn(engine: Engine, tmp_path: Path, model: MessagesApi, telegram: TelegramApi) -> None:
    told = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url, "DOCKER_HOST": engine.host}
    with serving_a_team(tmp_path / "service", telegram, **told) as service:
        model.script(Text("slow answer " * 50, pieces=300, delay=0.1))
        telegram.say("hello")
        model.wait_for_turns(1, seconds=60)
        engine.stop()
        wait_until(lambda: service.rows("Run.objects.get().status") == "queued", 60, "another attempt")
        assert "Docker" in service.rows("Run.objects.get().error") + service.log
        wait_until(lambda: "runtime" in service.get("/readyz")[1]["down"], 60, "readiness to notice")
        model.script(Text("the answer"))
        engine.start()

        wait_until(lambda: telegram.sent, 60)
        assert [call.parameters["text"] for call in telegram.sent] == ["the answer"]
        run = service.rows("list(Run.objects.values('status', 'runtime'))")
        assert run == [{"status": "succeeded", "runtime": "docker"}]
    assert engine.docker("ps", "-aq").stdout == ""

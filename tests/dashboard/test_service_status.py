"""What serves here, and what is wrong with it, as the pages say it."""

import pytest

from apps.agents.sandbox.selection import Choice
from apps.dashboard import service_status
from apps.dashboard.service_status import Serving

pytestmark = pytest.mark.django_db


def served_by(monkeypatch, agent, runtime, trouble=""):
    now = Serving(Choice(agent, "There is no key."), Choice(runtime, "No Docker engine answers.", trouble))
    for view in ("chat", "overview"):
        monkeypatch.setattr(f"apps.dashboard.views.{view}.serving", lambda: now)


def test_the_demo_and_the_bare_process_say_what_they_are(monkeypatch, browser_of, group):
    served_by(monkeypatch, "demo", "process")

    page = browser_of.get("/chat/family/").text

    assert "This is the demo agent" in page
    assert "ANTHROPIC_API_KEY" in page
    assert "without a container" in page
    assert "No Docker engine answers." in page


def test_a_contained_claude_needs_no_banner(monkeypatch, browser_of, group):
    served_by(monkeypatch, "claude", "docker")

    page = browser_of.get("/chat/family/").text

    assert "demo agent" not in page
    assert "without a container" not in page


@pytest.mark.parametrize("path", ["/", "/chat/family/"])
def test_a_docker_that_went_away_is_said(monkeypatch, browser_of, group, path):
    served_by(monkeypatch, "claude", "docker", trouble="The Docker engine does not answer.")

    assert "The Docker engine does not answer." in browser_of.get(path).text


def test_a_docker_that_hangs_does_not_hold_up_a_page(monkeypatch):
    import threading

    answer = threading.Event()
    monkeypatch.setattr(service_status, "PATIENCE_S", 0.05)
    monkeypatch.setattr(service_status, "current_runtime", lambda: answer.wait(60) and Choice("docker", "It answers."))
    remembered = service_status.Remembered()

    assert remembered.get().name == "unknown"
    answer.set()
    monkeypatch.setattr(service_status, "PATIENCE_S", 60)
    assert remembered.get().name == "docker"

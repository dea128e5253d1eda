"""Which agent and which runtime serve."""

import time

import pytest

from apps.agents.models import ModelProvider
from apps.agents.providers import pool
from apps.agents.sandbox import selection
from apps.agents.sandbox.selection import chosen_agent


def test_a_row_makes_claude_answer_and_its_end_brings_the_demo_back(group):
    assert chosen_agent().name == "demo"
    row = ModelProvider.objects.create(name="mine", credentials={"key": "x"})
    pool.forget()
    assert chosen_agent() == chosen_agent()
    assert (chosen_agent().name, chosen_agent().why) == ("claude", "Model providers: mine.")

    row.enabled = False
    row.save()
    pool.forget()
    assert chosen_agent().name == "demo"


def test_a_row_is_noticed_within_seconds(group):
    chosen_agent()
    ModelProvider.objects.create(name="mine", credentials={"key": "x"})
    time.sleep(pool.FRESH_S + 0.1)

    assert chosen_agent().name == "claude"


def test_no_container_is_looked_for_where_processes_were_chosen(settings):
    settings.AGENT_RUNTIME = "process"
    settings.AGENT_IMAGE = "no-such-image:ever"
    assert selection.current_runtime() == selection.Choice("process", "AGENT_RUNTIME=process.")


@pytest.mark.docker
def test_where_the_image_is_missing_processes_serve_unless_containers_were_chosen(sealed, settings):
    assert selection.current_runtime() == selection.Choice("docker", "AGENT_RUNTIME=docker.")
    settings.AGENT_IMAGE = "no-such-image:ever"
    missing = "The image no-such-image:ever is not built: run `manage.py buildagent`."
    assert selection.current_runtime().trouble == missing

    settings.AGENT_RUNTIME = "auto"
    selection.chosen_runtime.cache_clear()
    assert selection.chosen_runtime() == selection.Choice("process", f"{missing} {selection.PLAIN_PROCESS}")


@pytest.mark.docker
def test_an_oci_runtime_that_the_engine_does_not_know_is_named_with_those_that_it_does(sealed, settings):
    settings.AGENT_OCI_RUNTIME = "runc"
    assert selection.oci_runtime_missing() == ""
    settings.AGENT_OCI_RUNTIME = "no-such-runtime"
    assert "has no OCI runtime no-such-runtime" in selection.current_runtime().trouble
    assert "runc" in selection.current_runtime().trouble

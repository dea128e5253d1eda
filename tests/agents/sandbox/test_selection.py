"""Which agent and which runtime serve."""

import time

from apps.agents.models import ModelProvider
from apps.agents.providers import pool
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

"""What the SDK and its command line are told: the host's tools, no key, no files by mention."""

from pathlib import Path

from tests.fakes.messages_api import MessagesApi
from tests.runner.host import Host


def test_the_model_call_carries_no_key(claude: Host, api: MessagesApi) -> None:
    claude.start()
    claude.turn("hello")
    assert api.turns[0].headers["x-api-key"] == "placeholder"


def test_without_built_in_tools_only_the_hosts_are_offered(claude: Host, api: MessagesApi) -> None:
    claude.start(builtin_tools="none")
    claude.turn("hello")
    assert [name for name in api.turns[0].tools if name != "DeferredToolPlaceholder"] == ["mcp__ngb__send_message"]


def test_other_instructions_need_a_fresh_agent_that_resumes(claude: Host, api: MessagesApi) -> None:
    claude.start(instructions="Be brief.")
    session = claude.turn("my name is Ann").result["session_id"]
    assert claude.start(instructions="Be long.", session_id=session)["warm"] is False
    claude.turn("who am I?")
    assert "my name is Ann" in str(api.turns[1].body["messages"])
    assert "Be long." in str(api.turns[1].body["system"])


def test_a_mention_of_a_file_stays_text(claude: Host, api: MessagesApi, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret itself")
    claude.start(builtin_tools="none")
    claude.turn(f"look at @{secret}")

    assert "the secret itself" not in str(api.turns[0].body["messages"])
    assert f"@{secret}" in str(api.turns[0].body["messages"])

"""The bare SDK, as somebody drives it by hand: what the product's turns are compared with.

Runs inside the agent image. A line on stdin is a prompt; a line on stdout says how many seconds its turn took.
"""

import asyncio
import json
import sys
import time
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, create_sdk_mcp_server, tool
from ngb_runner.claude.options import cli_environment


def offered(definition: dict[str, Any]) -> Any:
    @tool(definition["name"].removeprefix("mcp__ngb__"), definition["description"], definition["input_schema"])
    async def answer(_arguments: dict[str, Any]) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": "done"}]}

    return answer


def options(model_url: str, tools: list[dict[str, Any]]) -> ClaudeAgentOptions:
    """`tools`: what the product's agent offered to the model; each one makes a request longer."""
    ours = [definition for definition in tools if definition["name"].startswith("mcp__ngb__")]
    server: Any = {**create_sdk_mcp_server("ngb", tools=[offered(one) for one in ours]), "alwaysLoad": True}
    return ClaudeAgentOptions(
        model="claude-sonnet-5-5",
        cwd="/workspace/group",
        tools=[definition["name"] for definition in tools if definition not in ours],
        system_prompt={"type": "preset", "preset": "claude_code"},
        mcp_servers={"ngb": server},
        permission_mode="bypassPermissions",
        include_partial_messages=True,
        env=cli_environment(model_url),
    )


async def main(model_url: str, tools: list[dict[str, Any]]) -> None:
    async with ClaudeSDKClient(options(model_url, tools)) as client:
        while prompt := (await asyncio.to_thread(sys.stdin.readline)).strip():
            began = time.perf_counter()
            await client.query(prompt)
            async for _message in client.receive_response():
                pass
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))

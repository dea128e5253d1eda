"""The bare SDK, as somebody drives it by hand: what the product's turns are compared with.

Runs inside the agent image. A line on stdin is a prompt; a line on stdout says how many seconds its turn took.
"""

import asyncio
import sys
import time

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, create_sdk_mcp_server, tool
from ngb_runner.claude_options import cli_environment

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
# The same tools as in the product: each one makes the request to the model longer.
USELESS = ["AskUserQuestion", "CronCreate", "CronDelete", "CronList", "EnterPlanMode", "ExitPlanMode"]


@tool("send_message", "Send a message to the chat now.", SCHEMA)
async def send_message(_arguments: dict[str, str]) -> dict[str, object]:
    return {"content": [{"type": "text", "text": "sent"}]}


def options(model_url: str) -> ClaudeAgentOptions:
    return ClaudeAgentOptions(
        model="claude-sonnet-4-5",
        cwd="/workspace/group",
        tools={"type": "preset", "preset": "claude_code"},
        system_prompt={"type": "preset", "preset": "claude_code"},
        disallowed_tools=USELESS,
        mcp_servers={"ngb": create_sdk_mcp_server("ngb", tools=[send_message])},
        permission_mode="bypassPermissions",
        include_partial_messages=True,
        env=cli_environment(model_url),
    )


async def main(model_url: str) -> None:
    async with ClaudeSDKClient(options(model_url)) as client:
        while prompt := (await asyncio.to_thread(sys.stdin.readline)).strip():
            began = time.perf_counter()
            await client.query(prompt)
            async for _message in client.receive_response():
                pass
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

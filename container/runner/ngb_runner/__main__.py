"""`python -m ngb_runner`: serve the link until `stop`, or until stdin ends."""

import asyncio
import os
import signal

from ngb_runner.agent import Agent, AgentUnavailableError, Reporter
from ngb_runner.claude.agent import ClaudeAgent
from ngb_runner.claude.options import home, scrub_environment
from ngb_runner.demo import DemoAgent
from ngb_runner.link.link import claim_stdio, listen, open_link
from ngb_runner.proxies.egress import Egress
from ngb_runner.proxies.model_calls import Proxy
from ngb_runner.session import Session
from ngb_runner.spec import Spec
from ngb_runner.tools import ToolCalls

CLOSE_SECONDS = 20.0


def make_agent(spec: Spec, reporter: Reporter, tools: ToolCalls, base_url: str) -> Agent:
    """The agent that a spec names; raises AgentUnavailableError."""
    if spec.agent == "demo":
        return DemoAgent(spec, reporter, tools, home())
    if spec.agent == "claude":
        return ClaudeAgent(spec, reporter, tools, base_url)
    raise AgentUnavailableError(f"there is no agent called {spec.agent!r}; there are claude and demo")


async def serve(incoming: int, outgoing: int) -> None:
    """Serve until told to stop, then end the agent."""
    link = await open_link(outgoing)
    proxy = Proxy(link)
    await proxy.listen()
    egress = Egress(link)
    if os.environ.get("NGB_EGRESS"):
        await egress.listen()
    session = Session(link, proxy, egress, make_agent)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, session.stopped.set)
    await listen(incoming, session.receive, session.stopped)
    working = asyncio.create_task(session.run())
    await session.stopped.wait()
    working.cancel()
    await asyncio.wait_for(session.close(), CLOSE_SECONDS)
    await egress.close()
    await proxy.close()
    link.close()


def main() -> None:
    """Entry point."""
    incoming, outgoing = claim_stdio()
    scrub_environment()
    asyncio.run(serve(incoming, outgoing))


if __name__ == "__main__":
    main()

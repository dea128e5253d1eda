"""Starts an agent before anybody calls it."""

import logging

from django.conf import settings

from apps.agents.errors import AgentError, LeaseLostError
from apps.agents.models import Run
from apps.agents.sandbox import reaper
from apps.agents.sandbox.engine import ENGINE_ERRORS
from apps.agents.sandbox.runtimes import runtime_named
from apps.agents.sandbox.selection import chosen_agent, chosen_runtime
from apps.agents.turns.turn import Turn

logger = logging.getLogger(__name__)


def warm_up(run: Run) -> None:
    """The agent is ready afterwards, and nobody was asked anything. One that cannot be had is no news."""
    try:
        if _is_full():
            return _end(run, "There was no free place for another agent.")
        Turn(run, runtime_named(chosen_runtime().name), chosen_agent()).warm_up()
    except (AgentError, *ENGINE_ERRORS) as error:
        return _end(run, str(error))
    except LeaseLostError as error:
        return logger.warning("nothing of this warm-up counts: %s", error)
    except Exception:
        logger.exception("the warm-up broke")
        return _end(run, "The service itself failed; its log says why.")
    run.session.used()
    run.finish(Run.Status.SUCCEEDED)
    logger.info("warmed up")
    return None


def _is_full() -> bool:
    """Nobody's warm agent has to go for one that perhaps is not needed."""
    if chosen_runtime().name != "docker":
        return False
    return len(reaper.containers_of_this_install()) >= settings.AGENT_MAX_CONTAINERS


def _end(run: Run, sentence: str) -> None:
    run.finish(Run.Status.CANCELLED, sentence)
    logger.info("not warmed up: %s", sentence)

"""The tools that agents may call on the host: defined once in an app's `tools.py`, found as Django finds `admin.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from apps.agents.models import Run

Input = TypeVar("Input", bound=BaseModel)


class ToolRefusedError(Exception):
    """The tool says no; the sentence is for the agent."""


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    input_model: type[BaseModel]
    input_schema: dict[str, Any]  # made once: every turn carries it
    call: Callable[[Run, Any], str]

    def definition(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description, "input_schema": self.input_schema}


_tools: dict[str, Tool] = {}


def tool(
    name: str, description: str, input_model: type[Input]
) -> Callable[[Callable[[Run, Input], str]], Callable[[Run, Input], str]]:
    """Registers `function(run, input) -> text for the agent`; the run is the link's own, never a field of the input."""

    def register(function: Callable[[Run, Input], str]) -> Callable[[Run, Input], str]:
        _tools[name] = Tool(name, description, input_model, input_model.model_json_schema(), function)
        return function

    return register


def definitions() -> list[dict[str, Any]]:
    return [_tools[name].definition() for name in sorted(_tools)]


def call(run: Run, name: str, given: Any) -> str:
    """Raises ToolRefusedError with a sentence the agent can act on."""
    if name not in _tools:
        raise ToolRefusedError(f"There is no tool {name!r}; there are {', '.join(sorted(_tools))}.")
    found = _tools[name]
    try:
        checked = found.input_model.model_validate(given)
    except ValidationError as error:
        raise ToolRefusedError(
            "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors())
        ) from error
    return found.call(run, checked)

"""The tools that agents may call on the host: defined once in an app's `tools.py`, found as Django finds `admin.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from apps.agents import authorization
from apps.agents.models import Run
from apps.agents.questions import approvals
from apps.chats import incidents
from apps.chats.models import Group
from apps.chats.services import storable_within

Input = TypeVar("Input", bound=BaseModel)


class ToolRefusedError(Exception):
    """The tool says no; the sentence is for the agent."""


class ForbiddenError(ToolRefusedError):
    """The run may not do this: the sentence is an incident as well."""


class Nothing(BaseModel):
    """The input of a tool that needs none."""

    model_config = ConfigDict(extra="forbid")


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
    name: str, description: str, input_model: type[Input], *, main_only: bool = False, admin_only: bool = False
) -> Callable[[Callable[[Run, Input], str]], Callable[[Run, Input], str]]:
    """Registers `function(run, input) -> text for the agent`; the run is the link's own, never a field of the input.

    main_only: other groups are not even offered it. admin_only: everybody who called must be an admin.
    """

    def register(function: Callable[[Run, Input], str]) -> Callable[[Run, Input], str]:
        _tools[name] = Tool(name, description, input_model, _untitled(input_model.model_json_schema()), function)
        authorization.declare(name, main_only=main_only, admin_only=admin_only)
        return function

    return register


def _untitled(schema: Any) -> Any:
    """Without the titles that repeat each name: every model call carries all of it."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _untitled(value) for key, value in schema.items() if key != "title" or not isinstance(value, str)}


def is_ours(name: str) -> bool:
    """Whether the host has it, and so asks for it itself."""
    return name.removeprefix(authorization.PREFIX) in _tools


def definitions(group: Group) -> list[dict[str, Any]]:
    """What this group's agent is offered, always in the same order: a change would restart a warm agent."""
    return [_tools[name].definition() for name in _offered(group)]


def call(run: Run, name: str, given: Any) -> str:
    """Raises ToolRefusedError with a sentence the agent can act on."""
    try:
        return _called(run, name, given)
    except ForbiddenError as error:
        incidents.record("refused tool", run.group.folder, str(error))
        raise


def _called(run: Run, name: str, given: Any) -> str:
    if name not in _tools:
        raise ToolRefusedError(f"There is no tool {name[:100]!r}; there are {', '.join(_offered(run.group))}.")
    if sentence := authorization.refusal(run, name):
        raise ForbiddenError(sentence)
    found = _tools[name]
    try:
        checked = found.input_model.model_validate(storable_within(given))
    except ValidationError as error:
        raise ToolRefusedError(
            "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors())
        ) from error
    except RecursionError as error:
        raise ToolRefusedError("Its input is nested too deep.") from error
    if sentence := approvals.tool_refusal(run, name, checked.model_dump(mode="json")):
        raise ToolRefusedError(sentence)
    return found.call(run, checked)


def _offered(group: Group) -> list[str]:
    return [name for name in sorted(_tools) if authorization.is_offered(group, name)]

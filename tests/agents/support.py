from collections.abc import Callable

from apps.agents.models import Run

Say = Callable[..., Run]

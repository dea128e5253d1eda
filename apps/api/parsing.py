"""Bodies as every database can keep them, like all that comes in from elsewhere."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from apps.chats.services import storable


class StorableBodies(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body, object_hook=_storable)


def _storable(values: dict[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}

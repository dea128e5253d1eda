"""Bodies as every database can keep them, like all that comes in from elsewhere."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from apps.chats.services import storable_within


class StorableBodies(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return storable_within(json.loads(request.body))

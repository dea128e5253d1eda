"""Lines of a conversation's record."""

import json

ANN = '<messages timezone="UTC" now="2026-05-01 10:00:00"><message id="1" sender="Ann" time="2026-05-01 09:59:00">'


def line(kind: str, content: object, **more: object) -> bytes:
    return json.dumps({"type": kind, "message": {"role": kind, "content": content}, **more}).encode() + b"\n"


def person(text: str, sender: str = "Ann") -> bytes:
    return line("user", f"{ANN.replace('Ann', sender)}{text}</message></messages>")

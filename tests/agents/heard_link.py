"""The agent's side of the gateway, played: the calls it makes, and an ear for what comes back."""

import base64
import json
import threading
import time

from apps.agents.link.link import LinkClosedError

QUESTION = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 1000,
    "stream": True,
    "tools": [{"name": "x"}],
    "messages": [{"role": "user", "content": "hi"}],
}


class HeardLink:
    """The agent's ear: every frame that reaches it."""

    def __init__(self):
        self.frames = []
        self.changed = threading.Condition()
        self.gone = False

    def send(self, type_, **fields):
        if self.gone:
            raise LinkClosedError("gone")
        with self.changed:
            self.frames.append({"type": type_, **fields})
            self.changed.notify_all()

    def send_data(self, type_, data, **fields):
        self.send(type_, data=data, **fields)

    def ended(self, call_id, seconds=30):
        """(status, body, error) once the call is over."""
        with self.changed:
            assert self.changed.wait_for(lambda: self._of(call_id, "http_end"), seconds), self.frames
        body = b"".join(frame["data"] for frame in self._of(call_id, "http_chunk"))
        return self._of(call_id, "http_response")[0]["status"], body, self._of(call_id, "http_end")[0].get("error")

    def _of(self, call_id, type_):
        return [frame for frame in self.frames if frame["type"] == type_ and frame["id"] == call_id]


def settle(gateway, seconds=30):
    """Until no call is on its way any more."""
    end = time.monotonic() + seconds
    while gateway._calls:
        assert time.monotonic() < end, "a call did not end"
        time.sleep(0.02)


def request(call_id="1", path="/v1/messages", body=QUESTION, headers=None, method="POST", **more):
    data = base64.b64encode(json.dumps(body).encode()).decode()
    given = {"content-type": "application/json", "x-api-key": "placeholder", "authorization": "Bearer placeholder"}
    return {
        "type": "http_request",
        "id": call_id,
        "method": method,
        "path": path,
        "headers": given | (headers or {}),
        "body": data,
        "more": False,
        **more,
    }

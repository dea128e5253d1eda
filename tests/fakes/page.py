"""Any server on the network: it says what it was asked."""

from http.server import BaseHTTPRequestHandler

BIG = 3_000_000  # bytes


class Page(BaseHTTPRequestHandler):
    """Says what was asked; /big is larger than any window."""

    def do_GET(self) -> None:
        self._say(b"x" * BIG if self.path == "/big" else f"{self.path} {self.headers['Host']}\n".encode())

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self._say(f"{len(self.rfile.read(size))} bytes came\n".encode())

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing to standard error."""

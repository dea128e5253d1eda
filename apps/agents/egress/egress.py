"""The host's side of a sealed agent's way out: named hosts only, at addresses that are public, counted and limited."""

import base64
import binascii
import logging
import socket
import threading
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Max

from apps.agents import addresses
from apps.agents.addresses import AddressRefusedError, UnreachableError, refusal
from apps.agents.egress.tunnel import Tunnel, TunnelError
from apps.agents.link.link import Frame, Link, LinkClosedError
from apps.agents.models import Run
from apps.agents.questions import approvals
from apps.chats import incidents
from apps.chats.fields.hosts import BadHostError, literal, normal_host, permitted
from apps.chats.models import Group

logger = logging.getLogger(__name__)

FRAMES = {"tunnel_open", "tunnel_data", "tunnel_credit", "tunnel_close"}
MAX_TUNNELS = 32  # of one agent at a time
MAX_REFUSALS_TOLD = 20  # different hosts of one run
MAX_VISITS_TOLD = 200


class NotPermittedError(Exception):
    """The group may not go there; the sentence is for the agent."""


class OverLimitError(TunnelError):
    """The run has moved as many bytes as it may."""


@dataclass(slots=True)
class Visit:
    """What a run did at one host."""

    connections: int = 0
    sent: int = 0
    received: int = 0


class Egress:
    """Serves the tunnel_* frames of one turn."""

    def __init__(self, link: Link, run: Run) -> None:
        self._link = link
        self._run = run
        self._tunnels: dict[str, Tunnel] = {}
        self._lock = threading.Lock()
        self._asking: dict[tuple[str, int], threading.Lock] = {}
        self._approved: dict[tuple[str, int], bool] = {}
        self._told: set[str] = set()
        self._closed = False
        self.visits: dict[str, Visit] = {}

    def take(self, frame: Frame) -> None:
        """One of FRAMES; in the link's own thread, so nothing here waits."""
        tunnel_id = str(frame["id"])
        if frame["type"] == "tunnel_open":
            return self._open(tunnel_id, str(frame["host"]), _whole(frame["port"]))
        tunnel = self._tunnels.get(tunnel_id)
        if tunnel is None:
            return None  # it has ended meanwhile
        if frame["type"] == "tunnel_data":
            try:
                return tunnel.take(base64.b64decode(frame["data"], validate=True))
            except binascii.Error:
                return tunnel.stop()
        if frame["type"] == "tunnel_credit":
            return tunnel.grant(_whole(frame["bytes"]))
        return tunnel.finish()

    def close(self) -> None:
        """The turn is over: what is open is cut."""
        self._closed = True
        for tunnel in list(self._tunnels.values()):
            tunnel.stop()

    def note(self) -> None:
        """The run's history says where the agent was, if it was anywhere; not in the middle of another attempt's."""
        if not self.visits or self._run.was_taken_over():
            return
        visits = sorted(self.visits.items(), key=lambda item: -item[1].received - item[1].sent)
        lines = [
            f"{host}: {visit.connections} connections, {visit.sent} bytes sent, {visit.received} received"
            for host, visit in visits[:MAX_VISITS_TOLD]
        ]
        seq = (self._run.steps.aggregate(last=Max("seq"))["last"] or 0) + 1
        summary = f"The network: {len(visits)} hosts, {self._moved() / 1024 / 1024:.1f} MiB"
        self._run.steps.create(seq=seq, kind="network", summary=summary, detail="\n".join(lines))

    def _open(self, tunnel_id: str, host: str, port: int) -> None:
        if tunnel_id in self._tunnels:
            return None
        if self._closed or len(self._tunnels) >= MAX_TUNNELS:
            return self._refuse(tunnel_id, 503, f"More than {MAX_TUNNELS} connections at once.")
        tunnel = self._tunnels[tunnel_id] = Tunnel(tunnel_id, self._link, partial(self._count, host, port))
        serve = threading.Thread(
            target=copy_context().run, args=(self._serve, tunnel, host, port), name="tunnel", daemon=True
        )
        serve.start()
        return None

    def _serve(self, tunnel: Tunnel, host: str, port: int) -> None:
        try:
            with self._connected(host, port) as outside:
                if tunnel.wanted:
                    self._link.send("tunnel_opened", id=tunnel.id)
                    tunnel.carry(outside)
                self._link.send("tunnel_close", id=tunnel.id)
        except (NotPermittedError, AddressRefusedError, BadHostError) as error:
            self._tell(f"{host[:200]}:{port}", str(error))
            self._refuse(tunnel.id, 403, str(error))
        except UnreachableError as error:
            self._refuse(tunnel.id, 502, str(error))
        except TunnelError as error:
            if isinstance(error, OverLimitError):
                self._tell("limit", str(error))
            self._refuse(tunnel.id, 403, str(error))
        except LinkClosedError:
            logger.debug("the agent went away during a connection to %s", host)
        except Exception:
            logger.exception("a connection to %s port %s failed", host, port)
            self._refuse(tunnel.id, 502, "The connection failed; the service's log says why.")
        finally:
            self._tunnels.pop(tunnel.id, None)
            tunnel.close()
            close_old_connections()

    def _connected(self, host: str, port: int) -> socket.socket:
        group, name = self._run.group, normal_host(host)
        if group.network != Group.Network.ALLOWLIST:
            raise NotPermittedError("This group's network is sealed: no host can be reached.")
        if self._moved() >= _limit():
            raise OverLimitError(_over_limit())
        rules = group.allowed_domains if isinstance(group.allowed_domains, list) else []
        if not permitted(rules, name, port, settings.EGRESS_PORTS) and not self._is_approved(name, port):
            raise NotPermittedError(f"{name} port {port} is not on this group's list of hosts.")
        outside = addresses.connect(name, port)
        self._visit(host, port).connections += 1
        return outside

    def _is_approved(self, name: str, port: int) -> bool:
        """Asked once in a run for each host, however many connections wait for the answer."""
        address = literal(name)
        if not self._run.group.approve_hosts or (address and refusal(str(address))):
            return False  # nobody is asked for what may not be reached in any case
        with self._lock:
            asking = self._asking.setdefault((name, port), threading.Lock())
        with asking:
            if (name, port) not in self._approved:
                self._approved[name, port] = approvals.approve_host(self._run, name, port)
            return self._approved[name, port]

    def _count(self, host: str, port: int, sent: int, received: int) -> None:
        """Raises OverLimitError."""
        visit = self._visit(host, port)
        with self._lock:
            visit.sent += sent
            visit.received += received
        if self._moved() > _limit():
            raise OverLimitError(_over_limit())

    def _visit(self, host: str, port: int) -> Visit:
        with self._lock:
            return self.visits.setdefault(f"{host[:200].lower()}:{port}", Visit())

    def _moved(self) -> int:
        with self._lock:
            return sum(visit.sent + visit.received for visit in self.visits.values())

    def _refuse(self, tunnel_id: str, status: int, sentence: str) -> None:
        try:
            self._link.send("tunnel_close", id=tunnel_id, status=status, error=sentence)
        except LinkClosedError:
            logger.debug("the agent went away before it could be told: %s", sentence)

    def _tell(self, what: str, sentence: str) -> None:
        """An incident for each host, and for many of them one more."""
        with self._lock:
            if what in self._told or len(self._told) > MAX_REFUSALS_TOLD:
                return
            self._told.add(what)
            if len(self._told) > MAX_REFUSALS_TOLD:
                sentence = f"Run {self._run.pk} asked for more than {MAX_REFUSALS_TOLD} hosts that it may not reach."
        incidents.record("refused host", self._run.group.folder, sentence)


def _whole(number: object) -> int:
    """JSON knows more kinds of numbers; raises ValueError."""
    if not isinstance(number, int):
        raise ValueError(f"{number!r} is no whole number")  # noqa: TRY004 - the frame is wrong, whatever it is
    return number


def _limit() -> int:
    return int(settings.EGRESS_LIMIT_MB) * 1024 * 1024


def _over_limit() -> str:
    return f"This run has moved {settings.EGRESS_LIMIT_MB} MiB over the network, which is as much as a run may."

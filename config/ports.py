"""The network ports of a running centre: chosen at its start, told to others in `run/ports.json`.

Rules: everything binds to one address, loopback unless the operator says otherwise. A port that is set is
used or refused, never replaced; 0 chooses a free one, below the range from which the system takes ports for
outgoing connections, so that it is still free when the program behind it starts or starts again. (Between
choosing and using another program may still take it: then that program's start fails and says so.)
"""

from __future__ import annotations

import errno
import json
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from config.field import Between, Ip, Port
from config.holder import holder
from config.part import Part
from config.problem import Refused, path_text
from config.state import StateError, state_error, write_file

FREE_PORTS = range(20_000, 32_768)
"""Where 0 looks: above the well-known, below Linux's own choice for outgoing connections (32768–60999)."""

_SERVICES, _AUDIO = FREE_PORTS[:3_000], FREE_PORTS[3_000:]
"""Audio's ports are taken and left with every call: another centre's would now and then be where we chose to listen."""
_TRIES = 200
_RTP_TAKEN = 0.1
"""Share of a set RTP block that may be taken: Asterisk steps over single ports, a block half taken is a mistake."""

Protocol = Literal["TCP", "UDP"]

_PROTOCOLS: dict[str, Protocol] = {
    "http": "TCP",
    "sip_udp": "UDP",
    "sip_tcp": "TCP",
    "sip_ws": "TCP",
    "agi": "TCP",
    "ami": "TCP",
}


class PortSettings(Part):
    """The file `ports.yaml`: where the centre listens. 0 chooses a free port."""

    bind: Ip = "127.0.0.1"
    """The address of this machine on which everything listens; 0.0.0.0 for all."""
    http: Port = 8080
    """Consoles and API."""
    sip_udp: Port = 5060
    """SIP over UDP: telephones and trunks."""
    sip_tcp: Port = 5060
    """SIP over TCP."""
    sip_ws: Port = 8088
    """SIP over WebSocket, for telephones in a browser."""
    agi: Port = 4573
    """Asterisk asks the engine."""
    ami: Port = 5038
    """The engine tells Asterisk."""
    rtp_start: Port = 10_000
    """First port of the audio; even."""
    rtp_count: Annotated[int, Between(4, 40_000)] = 2_000
    """How many ports audio has. A leg takes two (RTP and RTCP), so a call with caller and seat four."""

    def complaints(self) -> Iterator[Refused]:
        """A port used twice, an audio block that is odd or ends beyond the last port."""
        used: dict[tuple[Protocol, int], str] = {}
        for key, protocol in _PROTOCOLS.items():
            port: int = getattr(self, key)
            if port and (protocol, port) in used:
                yield Refused("repeated", f"{protocol} port {port} is {used[protocol, port]}'s already", path=(key,))
            used.setdefault((protocol, port), key)
        if self.rtp_start:
            block = range(self.rtp_start, self.rtp_start + self.rtp_count)
            if self.rtp_start % 2:
                yield Refused("odd_port", allowed=("an even port, for RTP", "0"), path=("rtp_start",))
            if block[-1] > 65_535:
                message = f"{len(block)} ports from {block[0]} end beyond 65535"
                yield Refused("out_of_range", message, path=("rtp_start",))
            if self.sip_udp in block:
                message = f"UDP port {self.sip_udp} lies in the audio's block {block[0]}–{block[-1]}"
                yield Refused("repeated", message, path=("sip_udp",))


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a running centre, as in `ports.json`; the audio's are rtp_start to rtp_end, both included."""

    http: int
    sip_udp: int
    sip_tcp: int
    sip_ws: int
    agi: int
    ami: int
    rtp_start: int
    rtp_end: int

    def write(self, run: Path) -> None:
        """Write `ports.json` into the folder `State.run`, whole or not at all; raises StateError."""
        write_file(run / "ports.json", (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def read(cls, run: Path) -> Ports:
        """Read `ports.json`; StateError `ports_missing` if nothing runs, `ports_broken` if it is no such file."""
        path = run / "ports.json"
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise StateError("ports_missing", f"{path}: is not there; the centre is not running") from error
        except OSError as error:
            raise state_error(error, path) from error
        except (ValueError, RecursionError) as error:
            raise StateError("ports_broken", f"{path}: {error}") from error
        names = [field.name for field in fields(cls)]
        if not isinstance(data, dict) or sorted(data) != sorted(names) or not all(map(_is_port, data.values())):
            raise StateError("ports_broken", f"{path}: must hold a port for each of {', '.join(names)}")
        return cls(**data)


class PortsTaken(OSError):
    """Ports cannot be used; `refused` has the complaints, with paths from `PortSettings`."""

    code = "ports_taken"

    def __init__(self, refused: list[Refused]) -> None:
        self.refused = tuple(refused)
        super().__init__(
            "\n".join(f"{path_text(each.path)}: {each.message}" if each.path else each.message for each in refused)
        )


def choose_ports(settings: PortSettings, chance: random.Random | None = None) -> Ports:
    """Check the ports that are set, choose the others; all of them are free when this returns.

    `chance` decides where the search for free ports begins. Raises PortsTaken with every port that cannot be had.
    """
    chance = chance or random.SystemRandom()
    bind = settings.bind
    _check_address(bind)
    chosen: dict[str, int] = {}
    refused: list[Refused] = []
    with ExitStack() as held:  # holding each until all are chosen keeps them distinct
        # Ports that are set come first, so that none is given away as a free one.
        for key in sorted(_PROTOCOLS, key=lambda key: not getattr(settings, key)):
            wanted: int = getattr(settings, key)
            try:
                taken = _take(_PROTOCOLS[key], bind, wanted, chance)
            except OSError as error:
                refused.append(_complaint(key, _PROTOCOLS[key], bind, wanted, error))
            else:
                held.enter_context(taken)
                chosen[key] = taken.getsockname()[1]
        try:
            start = _rtp_block(settings, bind, chance)
        except PortsTaken as error:
            refused += error.refused
        if refused:
            raise PortsTaken(refused)
    return Ports(**chosen, rtp_start=start, rtp_end=start + settings.rtp_count - 1)


def _check_address(bind: str) -> None:
    try:
        _bound("UDP", bind, 0).close()
    except OSError as error:
        message = f"{bind} is no address of this machine on which it can listen ({error.strerror})"
        raise PortsTaken([Refused("bad_bind", message, path=("bind",))]) from error


def _take(protocol: Protocol, bind: str, port: int, chance: random.Random) -> socket.socket:
    """A socket that holds this port, or a free one for 0."""
    if port:
        return _bound(protocol, bind, port)
    for candidate in chance.sample(_SERVICES, _TRIES):
        try:
            return _bound(protocol, bind, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free port among {_TRIES} tried")


def _bound(protocol: Protocol, bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    bound = socket.socket(family, kind)
    try:
        if protocol == "TCP":
            # As servers do: connections of yesterday that still linger don't count. For UDP the same option
            # would let two programs share the port, so it stays off there.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((bind, port))
        if protocol == "TCP":
            bound.listen(1)
    except OSError:
        bound.close()
        raise
    return bound


def _rtp_block(settings: PortSettings, bind: str, chance: random.Random) -> int:
    """First port of the audio's block."""
    count = settings.rtp_count
    if settings.rtp_start:
        taken = _taken_in(bind, range(settings.rtp_start, settings.rtp_start + count))
        if len(taken) > count * _RTP_TAKEN:
            message = f"{len(taken)} of the {count} UDP ports are taken, the first is {taken[0]}"
            raise PortsTaken([Refused("port_taken", message, path=("rtp_start",))])
        return settings.rtp_start
    starts = range(FREE_PORTS.start, 65_536 - count, 2) if count > len(_AUDIO) else _AUDIO[: -count + 1 : 2]
    for start in (chance.choice(starts) for _ in range(_TRIES)):
        if not _taken_in(bind, range(start, start + count)):
            return start
    message = f"no free block of {count} UDP ports found on {bind}"
    raise PortsTaken([Refused("port_taken", message, path=("rtp_start",))])


def _taken_in(bind: str, block: range) -> list[int]:
    taken = []
    for port in block:
        try:
            _bound("UDP", bind, port).close()
        except OSError:
            taken.append(port)
    return taken


def _complaint(key: str, protocol: Protocol, bind: str, port: int, error: OSError) -> Refused:
    match error.errno:
        case errno.EADDRINUSE if port:
            by = holder(protocol, bind, port) or "another program"
            message = f"{protocol} port {port} on {bind} is taken by {by}"
            return Refused("port_taken", message, allowed=("a free port", "0 to choose one"), path=(key,))
        case errno.EACCES:
            message = f"no permission for {protocol} port {port}; ports below 1024 need a right of their own"
            return Refused("port_denied", message, path=(key,))
        case _:
            return Refused("port_broken", f"{protocol} port {port} on {bind}: {error.strerror}", path=(key,))


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_535

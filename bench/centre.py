"""A centre for benches: the example centre with more seats, served by `liandong serve`, in a folder that vanishes.

Nothing of the product is changed. What a bench measures beside it (a native queue) is written into Asterisk's files
after the start and loaded by Asterisk's own reload; `serve` writes these files only when it starts.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config.state import State
from liandong.centre import EXAMPLE
from liandong.installation import running_asterisk
from liandong.lock import CHILDREN, holder
from telephony.asterisk.process import Asterisk

TRUNK = "127.0.0.2"  # where the example centre's trunk calls from
RTP_PORTS = 1500  # two for every leg: 130 talking callers and as many seats that talk or ring need 520
END_S = 30.0
_LOOK_S = 0.05
SKILLS = {"police": 5, "fire": 5, "medical": 5}


class CentreError(OSError):
    """The centre did not start."""

    code = "bench-centre"


@dataclass(frozen=True)
class Centre:
    """A centre that serves."""

    state: Path
    serve: subprocess.Popen[str]
    asterisk: Asterisk
    asterisk_pid: int
    ports: dict[str, int]
    seats: tuple[str, ...]
    work: set[str] = field(default_factory=set)
    """Seats at which somebody is signed in."""

    def children(self) -> dict[str, int]:
        """The supervisor and each of its children, by name and process id."""
        found = {role.child: holder(self.state / "run", role) for role in CHILDREN}
        return {"serve": self.serve.pid} | {name: pid for name, pid in found.items() if pid is not None}

    def sign_in(self, seats: int) -> None:
        """Have somebody work at each of the first seats, by the interface that consoles use. Raises CentreError."""
        for seat in self.seats[:seats]:
            if seat not in self.work:
                self.api("POST", f"/api/v1/seats/{seat}/sign-in", {"person": person(seat)})
                self.work.add(seat)
        deadline = time.monotonic() + END_S
        while (free := sum(seat["free"] for seat in self.api("GET", "/api/v1/seats")["seats"])) < seats:
            if time.monotonic() > deadline:
                raise CentreError(f"only {free} of {seats} seats are free for calls after {END_S:.0f} s")
            time.sleep(_LOOK_S)

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Ask the centre's interface as a supervisor. Raises OSError."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['http']}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=END_S) as answer:
            return json.loads(answer.read() or b"null")

    def secrets(self, seats: tuple[str, ...]) -> dict[str, str]:
        """What these seats register with."""
        return {seat: (self.state / "secrets" / seat).read_text().strip() for seat in seats}

    def add(self, name: str, text: str) -> None:
        """Append to one of Asterisk's files."""
        with (self.state / "asterisk" / "etc" / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def present(self) -> int:
        """How many seats Asterisk has reached."""
        contacts = self.asterisk.console("pjsip show contacts").splitlines()
        return sum("/sip:seat-" in line and " Avail " in line for line in contacts)

    def await_present(self, seats: int) -> None:
        """Wait until Asterisk has reached so many seats. Raises CentreError."""
        deadline = time.monotonic() + END_S
        while (present := self.present()) < seats:
            if time.monotonic() > deadline:
                raise CentreError(f"only {present} of {seats} seats were reached in {END_S:.0f} s")
            time.sleep(_LOOK_S)

    @property
    def config(self) -> Path:
        """The folder of its definition."""
        return self.state.parent / "centre"

    def ready(self) -> bool:
        """Whether its interface says that the engine is in charge."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['http']}/readyz", timeout=END_S):
                return True
        except OSError:
            return False

    def await_ready(self) -> None:
        """Wait until it is. Raises CentreError."""
        deadline = time.monotonic() + END_S
        while not self.ready():
            if time.monotonic() > deadline:
                raise CentreError(f"no engine in charge after {END_S:.0f} s")
            time.sleep(_LOOK_S)

    def token(self) -> str:
        """What opens its interface for a supervisor."""
        return (self.state / "secrets" / "token-supervisor").read_text().strip()

    @property
    def recordings(self) -> Path:
        """Its recordings."""
        return self.state / "recordings"


@contextmanager
def centre(
    seats: int, *, engine: bool = False, change: Callable[[Path], None] = lambda folder: None
) -> Iterator[Centre]:
    """Serve a centre with so many seats until the block ends, with its engine or the net alone.

    `change` may write into the folder of its definition before it is served. Raises CentreError.
    """
    with tempfile.TemporaryDirectory(prefix="ld-bench-") as folder:
        names = _write(Path(folder) / "centre", seats)
        change(Path(folder) / "centre")
        state = Path(folder) / "v"
        serve = _serve(Path(folder), engine=engine)
        try:
            _await_serving(serve, Path(folder))
            asterisk = running_asterisk(State(state))
            running = asterisk.find() if asterisk else None
            if asterisk is None or running is None:
                raise CentreError("Asterisk has ended")
            ports = json.loads((state / "run" / "ports.json").read_text())
            yield Centre(state, serve, asterisk, running.pid, ports, names)
        finally:
            _end(serve, state)


def _write(folder: Path, seats: int) -> tuple[str, ...]:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    free = dict.fromkeys(("http", "sip_udp", "sip_tcp", "sip_ws", "agi", "ami", "rtp_start"), 0)
    (folder / "ports.yaml").write_text(yaml.safe_dump(free | {"rtp_count": RTP_PORTS}))
    settings = yaml.safe_load((EXAMPLE / "telephony.yaml").read_text("utf-8"))
    names = tuple(f"seat-{number:03d}" for number in range(1, seats + 1))
    settings["seats"] = [{"id": name, "number": 8000 + number} for number, name in enumerate(names, 1)]
    settings["trunks"][0]["contact"] = f"{TRUNK}:9"  # nobody is there: no neighbour helps
    (folder / "telephony.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    people = [
        {
            "id": person(name),
            "number": 1000 + number,
            "name": {"zh": name, "en": name},
            "skills": dict.fromkeys(SKILLS, 5),
        }
        for number, name in enumerate(names, 1)
    ]
    (folder / "people.yaml").write_text(yaml.safe_dump({"people": people}), "utf-8")
    return names


def person(seat: str) -> str:
    """Who works at a seat."""
    return f"person-{seat.removeprefix('seat-')}"


def _serve(folder: Path, *, engine: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "liandong.command", "serve"]
    with (folder / "serve.log").open("w") as log:
        return subprocess.Popen(
            [
                *(*command, "--config", str(folder / "centre"), "--state", str(folder / "v")),
                *(() if engine else ("--without-engine",)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C is the bench's, which ends it by its id
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )


def _await_serving(serve: subprocess.Popen[str], folder: Path) -> None:
    if serve.stdout is None:
        raise CentreError("serve has no voice")
    for line in serve.stdout:
        if line.startswith("Serving."):
            return
    raise CentreError(f"`liandong serve` ended ({serve.wait()}):\n{(folder / 'serve.log').read_text()[-2000:]}")


def _end(serve: subprocess.Popen[str], state: Path) -> None:
    """First who watches, so that it finishes no recordings that nobody wants; then Asterisk."""
    if serve.poll() is None:
        serve.send_signal(signal.SIGTERM)
        try:
            serve.wait(END_S)
        except subprocess.TimeoutExpired:
            serve.kill()
            serve.wait()
    if serve.stdout is not None:
        serve.stdout.close()
    if (asterisk := running_asterisk(State(state))) is not None:
        asterisk.stop(now=True)

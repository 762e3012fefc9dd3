"""`liandong serve`: starts the centre's Asterisk, or finds it running, and watches over it.

Asterisk needs none of this to bring callers to people; what happens here is beside the calls. When this process
ends, by Ctrl-C or by death, Asterisk goes on; the next `serve` adopts it. Only `liandong stop` ends Asterisk.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from config.holder import holder as port_holder
from config.ports import Ports, PortSettings
from config.settings import Settings
from config.state import StateError
from liandong.installation import Installation
from liandong.keeper import Keeper
from liandong.lock import Role, holder, holding
from recordings.settings import RecordingSettings
from telephony.asterisk.process import Asterisk, AsteriskError, Running

PORTS = "ports.json"
BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)  # between starts of an Asterisk that ends again and again
STABLE_S = 60.0  # an Asterisk that lived this long starts again at once
CEL = Path("cel-custom") / "cel.csv"

log = logging.getLogger("serve")


def serve(config: Path, state: Path) -> int:
    """Serve until a signal or `liandong stop` comes."""
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", level=logging.INFO)
    installation = Installation.open(config, state)
    with holding(installation.state.run, Role.SERVE):
        asyncio.run(_serve(installation))
    return 0


async def _serve(installation: Installation) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    service = Service(installation)
    serving = asyncio.create_task(service.run(ended))
    told = asyncio.create_task(service.serving.wait())
    await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    if told.done():
        print("Serving. `liandong account NAME` shows how a telephone registers. Ctrl-C cuts no call.", flush=True)
    await serving
    if ended.is_set():
        print("Asterisk goes on and takes calls; `liandong serve` watches it again, `liandong stop` ends it.")
    else:
        print("stopped")


class Service:
    """One centre being served."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._program = installation.program(log.info)
        self.asterisk: Asterisk = installation.asterisk(self._program)
        self._keeper = Keeper(
            installation.state.recordings,
            installation.centre.part(RecordingSettings),
            installation.paths(self._program).log / CEL,
        )
        self._starts: list[float] = []
        self.serving = asyncio.Event()
        """Set once Asterisk is up; then `ports` and `running` tell of it."""
        self.ports: Ports
        self.running: Running

    async def run(self, ended: asyncio.Event) -> None:
        """Serve until `ended`, or until `liandong stop` has ended Asterisk; raises what cannot be mended."""
        self.running, self.ports = self._find_or_start()
        self._tell()
        await self._keeper.sweep(self.asterisk.live_channels)
        keeping = asyncio.create_task(self._keeper.run())
        watching = asyncio.create_task(self._watch())
        waiting = asyncio.create_task(ended.wait())
        self.serving.set()
        await asyncio.wait({keeping, watching, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (keeping, watching, waiting):
            if task.done():
                task.result()
        waiting.cancel()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        if watching.done():
            await self._finish_recordings()
        watching.cancel()

    async def stop(self) -> None:
        """End Asterisk now; for who started it to end it, after `run` has returned."""
        await asyncio.to_thread(self.asterisk.stop, now=True)
        await self._finish_recordings()
        (self._installation.state.run / PORTS).unlink(missing_ok=True)

    async def _finish_recordings(self) -> None:
        await self._keeper.sweep(frozenset)
        await self._keeper.finish_all()

    def _find_or_start(self) -> tuple[Running, Ports]:
        running = self.asterisk.find()
        if running is None:
            ports = self._installation.ports()
            self._installation.speak(self._program, log.info)
            try:
                return self._start(ports), ports
            except OSError:
                (self._installation.state.run / PORTS).unlink(missing_ok=True)
                raise
        self.asterisk.await_boot(running.pid)
        ports = self._ports_of(running)
        self._installation.speak(self._program, log.info)
        if self._installation.prepare(self._program, ports):
            log.info("the configuration changed: Asterisk (process %d) takes it over now", running.pid)
            self.asterisk.reload()
        else:
            log.info("Asterisk (process %d) is running already: adopted", running.pid)
        return running, ports

    def _ports_of(self, running: Running) -> Ports:
        """The ports on which a running Asterisk listens; those of the configuration count at its next start."""
        try:
            ports = Ports.read(self._installation.state.run)
        except StateError as error:
            raise StateError(
                error.code, f"{error}; yet its Asterisk runs (process {running.pid}): `liandong stop` ends it"
            ) from error
        settings = self._installation.centre.part(PortSettings)
        for key, port in asdict(ports).items():
            if getattr(settings, key, 0) not in (0, port):
                log.warning("ports.yaml: the new %s counts when Asterisk is started again; now it is %d", key, port)
        return ports

    def _start(self, ports: Ports) -> Running:
        self._installation.prepare(self._program, ports)
        self._tell_ports(ports)
        self._starts.append(time.monotonic())
        try:
            running = self.asterisk.start()
            self._prove_ports(running, ports)
        except AsteriskError:
            self.asterisk.stop(now=True)
            raise
        return running

    def _tell_ports(self, ports: Ports) -> None:
        """Before the start: dying in the middle of it, we leave an Asterisk whose ports the next serve must know."""
        run = self._installation.state.run
        with suppress(StateError):
            if Ports.read(run) == ports:
                return  # Asterisk can be started again on a full disk, too
        ports.write(run)

    def _prove_ports(self, running: Running, ports: Ports) -> None:
        """A port that somebody took between choosing and starting leaves Asterisk up and deaf: refuse that."""
        bind = self._installation.centre.part(PortSettings).bind
        for key, protocol in (("sip_udp", "udp"), ("sip_tcp", "tcp"), ("sip_ws", "tcp"), ("ami", "tcp")):
            port = getattr(ports, key)
            other = port_holder(protocol, bind, port)
            if other is None or not other.endswith(f"(process {running.pid})"):
                raise AsteriskError(f"Asterisk does not listen on {bind}:{port} ({key}); {other or 'nobody'} does")

    async def _watch(self) -> None:
        """Start Asterisk again whenever it ends; returns when its end was meant."""
        while True:
            await _end_of(self.running.pid)
            if holder(self._installation.state.run, Role.STOP):
                return
            log.error("Asterisk (process %d) ended by itself; it is started again", self.running.pid)
            while True:
                await asyncio.sleep(self._patience())
                try:
                    self.running = await asyncio.to_thread(self._find_again)
                    await self._keeper.sweep(self.asterisk.live_channels)
                except OSError as error:  # Asterisk's, the state folder's or the disk's: tried until it is mended
                    log.error("%s", error)
                else:
                    break
            log.info("Asterisk is back (process %d)", self.running.pid)

    def _find_again(self) -> Running:
        running = self.asterisk.find()
        if running is None:
            return self._start(self.ports)
        self.asterisk.await_boot(running.pid)
        return running

    def _patience(self) -> float:
        recent = [start for start in self._starts if time.monotonic() - start < STABLE_S]
        return BACK_OFF_S[min(len(recent), len(BACK_OFF_S) - 1)] if len(recent) > 1 else 0.0

    def _tell(self) -> None:
        centre, ports = self._installation.centre, self.ports
        telephony = self._installation.telephony
        bind = centre.part(PortSettings).bind
        name = centre.part(Settings).name
        print(f"{name.zh} · {name.en}")
        print(f"  Asterisk   {self._program.version} ({self._program.kind.value}), process {self.running.pid}")
        print(f"  SIP        {bind}, UDP {ports.sip_udp}, TCP {ports.sip_tcp}, WebSocket {ports.sip_ws}")
        print(f"  audio      {ports.rtp_start}-{ports.rtp_end} (UDP)")
        print(f"  manager    {bind}:{ports.ami}")
        numbers = (f"{each.number} {each.name.zh} {each.name.en}" for each in telephony.services)
        print(f"  numbers    {', '.join(numbers)}")
        print(f"  seats      {telephony.seats[0].id} to {telephony.seats[-1].id} ({len(telephony.seats)})")
        print(f"  state      {self._installation.state.path}")


async def _end_of(pid: int) -> None:
    """Wait until a process has ended, whoever its parent is."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(watched, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)

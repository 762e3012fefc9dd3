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
from pathlib import Path

from config.holder import holder as port_holder
from config.ports import Ports, PortSettings
from config.settings import Settings
from config.state import StateError
from liandong.installation import Installation
from liandong.keeper import Keeper
from liandong.lock import holding
from recordings.settings import RecordingSettings
from telephony.asterisk.process import Asterisk, AsteriskError, Running

STOPPING = "stopping"
"""While this file is in the run folder, Asterisk's end is meant."""

BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)  # between starts of an Asterisk that ends again and again
STABLE_S = 60.0  # an Asterisk that lived this long starts again at once
CEL = Path("cel-custom") / "cel.csv"

log = logging.getLogger("serve")


def serve(config: Path, state: Path) -> int:
    """Serve until a signal or `liandong stop` comes."""
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", level=logging.INFO)
    installation = Installation.open(config, state)
    with holding(installation.state.run):
        (installation.state.run / STOPPING).unlink(missing_ok=True)
        return asyncio.run(Service(installation).run())


class Service:
    """One centre being served."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._program = installation.program(log.info)
        self._asterisk: Asterisk = installation.asterisk(self._program)
        self._keeper = Keeper(
            installation.state.recordings,
            installation.centre.part(RecordingSettings),
            installation.paths(self._program).log / CEL,
        )
        self._starts: list[float] = []

    async def run(self) -> int:
        """Serve; returns the exit code."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        self._installation.speak(self._program, log.info)
        running, ports = self._find_or_start()
        self._tell(running, ports)
        self._keeper.sweep(self._asterisk.live_channels())
        keeping = asyncio.create_task(self._keeper.run())
        watching = asyncio.create_task(self._watch(running, ports))
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait({keeping, watching, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        if watching.done():
            watching.result()
            self._keeper.sweep(frozenset())
            await self._keeper.finish_all()
            log.info("stopped")
        else:
            watching.cancel()
            print("Asterisk goes on and takes calls; `liandong serve` watches it again, `liandong stop` ends it.")
        return 0

    def _find_or_start(self) -> tuple[Running, Ports]:
        running = self._asterisk.find()
        if running is None:
            ports = self._installation.ports()
            return self._start(ports), ports
        ports = Ports.read(self._installation.state.run)
        if self._installation.prepare(self._program, ports):
            log.info("the configuration changed: Asterisk (process %d) takes it over now", running.pid)
            self._asterisk.console("core reload")
        else:
            log.info("Asterisk (process %d) is running already: adopted", running.pid)
        return running, ports

    def _start(self, ports: Ports) -> Running:
        self._installation.prepare(self._program, ports)
        self._starts.append(time.monotonic())
        running = self._asterisk.start()
        try:
            self._prove_ports(running, ports)
        except AsteriskError:
            self._asterisk.stop(now=True)
            raise
        ports.write(self._installation.state.run)
        return running

    def _prove_ports(self, running: Running, ports: Ports) -> None:
        """A port that somebody took between choosing and starting leaves Asterisk up and deaf: refuse that."""
        bind = self._installation.centre.part(PortSettings).bind
        for key, protocol in (("sip_udp", "udp"), ("sip_tcp", "tcp"), ("sip_ws", "tcp"), ("ami", "tcp")):
            port = getattr(ports, key)
            other = port_holder(protocol, bind, port)
            if other is None or not other.endswith(f"(process {running.pid})"):
                raise AsteriskError(f"Asterisk does not listen on {bind}:{port} ({key}); {other or 'nobody'} does")

    async def _watch(self, running: Running, ports: Ports) -> None:
        """Start Asterisk again whenever it ends; returns when its end was meant."""
        while True:
            await _end_of(running.pid)
            if (self._installation.state.run / STOPPING).exists():
                return
            log.error("Asterisk (process %d) ended by itself; it is started again", running.pid)
            while True:
                await asyncio.sleep(self._patience())
                try:
                    running = self._asterisk.find() or self._start(ports)
                except (AsteriskError, StateError) as error:
                    log.error("%s", error)
                else:
                    break
            log.info("Asterisk is back (process %d)", running.pid)
            self._keeper.sweep(self._asterisk.live_channels())

    def _patience(self) -> float:
        recent = [start for start in self._starts if time.monotonic() - start < STABLE_S]
        return BACK_OFF_S[min(len(recent), len(BACK_OFF_S) - 1)] if len(recent) > 1 else 0.0

    def _tell(self, running: Running, ports: Ports) -> None:
        centre = self._installation.centre
        telephony = self._installation.telephony
        bind = centre.part(PortSettings).bind
        name = centre.part(Settings).name
        print(f"{name.zh} · {name.en}")
        print(f"  Asterisk   {self._program.version} ({self._program.kind.value}), process {running.pid}")
        print(
            f"  SIP        {bind}:{ports.sip_udp} (UDP), {bind}:{ports.sip_tcp} (TCP), {bind}:{ports.sip_ws} (WebSocket)"
        )
        print(f"  audio      {ports.rtp_start}-{ports.rtp_end} (UDP)")
        print(f"  manager    {bind}:{ports.ami}")
        print(
            f"  numbers    {', '.join(f'{each.number} {each.name.zh} {each.name.en}' for each in telephony.services)}"
        )
        print(f"  seats      {telephony.seats[0].id} to {telephony.seats[-1].id} ({len(telephony.seats)})")
        print(f"  state      {self._installation.state.path}")
        print("`liandong account NAME` shows how a telephone registers. Ctrl-C ends no call.")


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

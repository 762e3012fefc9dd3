"""The watch over one centre's Asterisk: started, or found running and adopted, and started again whenever it ends.

Asterisk needs none of this to bring callers to people; what happens here is beside the calls. Only the holder of
`Role.STOP` may have ended it: any other end was not meant.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import asdict

from config.holder import holder as port_holder
from config.ports import Ports, PortSettings
from config.state import StateError
from liandong.installation import Installation
from liandong.lock import Role, holder
from liandong.process import end_of
from telephony.asterisk.process import Asterisk, AsteriskError, Running

PORTS = "ports.json"
BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)  # between starts of an Asterisk that ends again and again
AFTER_RELOAD_S = (1.0, 2.0, 4.0, 8.0)  # on a busy machine telephones are taken for absent for longer after a reload
STABLE_S = 60.0  # an Asterisk that lived this long starts again at once

log = logging.getLogger("serve")


class Watch:
    """One Asterisk being watched."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.program = installation.program(log.info)
        self.asterisk: Asterisk = installation.asterisk(self.program)
        self._starts: list[float] = []
        self._reloaded = False
        self.up = asyncio.Event()
        """Set once Asterisk is up for the first time; then `ports` and `running` tell of it."""
        self.ports: Ports
        self.running: Running

    async def run(self) -> None:
        """Watch, until Asterisk has ended and its end was meant; raises what cannot be mended."""
        self.running = await asyncio.to_thread(self._find_or_start)
        self.up.set()
        mending = asyncio.create_task(self._mend())
        await end_of(self.running.pid)
        mending.cancel()
        while not self._meant():
            log.error("Asterisk (process %d) ended by itself; it is started again", self.running.pid)
            await self._bring_back()
            await end_of(self.running.pid)

    async def _mend(self) -> None:
        """Look for telephones that a reload made absent, for a while after it."""
        for pause_s in AFTER_RELOAD_S if self._reloaded else ():
            await asyncio.sleep(pause_s)
            try:
                if await asyncio.to_thread(self.asterisk.mend_absent):
                    log.info("a telephone was taken for absent after the reload: mended")
            except AsteriskError as error:
                log.warning("%s", error)

    async def _bring_back(self) -> None:
        """Start it again, until it is up or its end is meant."""
        while not self._meant():
            await asyncio.sleep(self._patience())
            try:
                self.running = await asyncio.to_thread(self._find_again)
            except OSError as error:  # Asterisk's, the state folder's or the disk's: tried until it is mended
                log.error("%s", error)
            else:
                log.info("Asterisk is back (process %d)", self.running.pid)
                return

    def _meant(self) -> bool:
        return holder(self._installation.state.run, Role.STOP) is not None

    def forget_ports(self) -> None:
        """Nothing listens any more."""
        (self._installation.state.run / PORTS).unlink(missing_ok=True)

    def _find_or_start(self) -> Running:
        running = self.asterisk.find()
        if running is None:
            ports = self._installation.ports()
            self._installation.speak(self.program, log.info)
            try:
                return self._start(ports)
            except OSError:
                self.forget_ports()
                raise
        self.asterisk.await_boot(running.pid)
        self.ports = self._ports_of(running)
        self._installation.speak(self.program, log.info)
        if self._installation.prepare(self.program, self.ports):
            log.info("the configuration changed: Asterisk (process %d) takes it over now", running.pid)
            self.asterisk.reload()
            self._reloaded = True
        else:
            log.info("Asterisk (process %d) is running already: adopted", running.pid)
        return running

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
        self._installation.prepare(self.program, ports)
        self._write_down(ports)
        self.ports = ports
        self._starts.append(time.monotonic())
        try:
            running = self.asterisk.start()
            self._prove_ports(running, ports)
        except AsteriskError:
            self.asterisk.stop(now=True)
            raise
        return running

    def _write_down(self, ports: Ports) -> None:
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

    def _find_again(self) -> Running:
        running = self.asterisk.find()
        if running is None:
            return self._start(self.ports)
        self.asterisk.await_boot(running.pid)
        return running

    def _patience(self) -> float:
        recent = [start for start in self._starts if time.monotonic() - start < STABLE_S]
        return BACK_OFF_S[min(len(recent), len(BACK_OFF_S) - 1)] if len(recent) > 1 else 0.0

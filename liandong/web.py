"""The web process: HTTP, the live feed, and what people want of their seats.

It reads the journal and hears the engine; calls go on without it, and consoles connect again when it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from config.ports import Ports, PortSettings
from config.secret import Secrets
from console.api.app import make_app
from console.api.server import listen, serve
from console.api.sources import Child, Sources
from console.api.token import Role, Tokens
from console.feed import Feed
from console.history import History
from console.tap import Tap
from console.vitals import Vitals
from dispatch.department import Departments
from dispatch.plan import Plan
from intake.incident.settings import IncidentTypes
from journal import read_engine
from liandong import __version__, lock
from liandong.beat import beat_file, read_beat
from liandong.casework import number_form
from liandong.installation import Installation


async def run(installation: Installation, ended: asyncio.Event) -> None:
    """Serve until `ended`. Raises PortTaken, StateError."""
    opens = tokens(installation.secrets)  # before anybody can ask
    port = Ports.read(installation.state.run).http
    centre = installation.centre
    listening = listen(centre.part(PortSettings).bind, port)
    tap = Tap(installation.engine_socket)
    journal = read_engine(installation.journal_places.url)
    history = History(journal)
    sources = Sources(
        tap=tap,
        history=history,
        feed=Feed(tap, history),
        vitals=Vitals(tap),
        tokens=opens,
        children=lambda: children(installation.state.run),
        number_key=number_form(installation).key,
        recordings=installation.state.recordings,
        departments=centre.part(Departments),
        plans=tuple(centre.parts(Plan).values()),
        incident_types=centre.part(IncidentTypes),
    )
    hearing = asyncio.create_task(tap.run())
    serving = asyncio.create_task(serve(make_app(sources, version=__version__), listening, ended))
    try:
        await asyncio.wait({hearing, serving}, return_when=asyncio.FIRST_COMPLETED)
        if hearing.done():
            hearing.result()
        await serving
    finally:
        for task in (hearing, serving):
            task.cancel()
        await asyncio.gather(hearing, serving, return_exceptions=True)
        journal.dispose()


def token_name(role: Role) -> str:
    """The secret that is a role's token."""
    return f"token-{role.value}"


def tokens(secrets: Secrets) -> Tokens:
    """Each role's token, made where it is missing. Raises StateError."""
    return Tokens({role: secrets.get_or_make(token_name(role)) for role in Role})


def children(run: Path) -> Mapping[str, Child]:
    """How our processes live, by their beats; one that has never beaten is missing."""
    now = time.monotonic()
    beats = {role.child: read_beat(beat_file(run, role)) for role in lock.CHILDREN}
    return {
        name: Child(beat_age_s=max(0.0, now - beat.at), lag_ms=beat.lag_ms, lag_max_ms=beat.lag_max_ms)
        for name, beat in beats.items()
        if beat is not None
    }

"""What the routes answer from; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from console.feed import Feed
from console.history import History
from console.tap import EngineAway, Tap
from console.vitals import Vitals
from dispatch.department import Departments
from dispatch.plan import Plan
from intake.incident.settings import IncidentTypes

if TYPE_CHECKING:
    from console.api.token import Tokens


@dataclass(frozen=True, slots=True)
class Child:
    """How one of our processes lives."""

    beat_age_s: float
    """Since its last sign of life."""
    lag_ms: float
    """How late its event loop was."""
    lag_max_ms: float
    """At worst in the last minute."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that is known."""

    tap: Tap
    history: History
    feed: Feed
    vitals: Vitals
    tokens: Tokens
    children: Callable[[], Mapping[str, Child]]
    """By role; reads files."""
    number_key: Callable[[str], str]
    """What a telephone number is found by: `NumberForm.key` of the centre."""
    recordings: Path
    """The folder of recordings."""
    departments: Departments
    """The centre's lists; they are as its files say, and only a new web process knows others."""
    plans: tuple[Plan, ...]
    incident_types: IncidentTypes

    def known(self) -> Tap:
        """The engine's state, the newest there is. Raises EngineAway as long as nothing was ever heard."""
        if not self.tap.known:
            raise EngineAway("the engine has not been heard yet; it is started by itself")
        return self.tap


async def sources(connection: HTTPConnection) -> Sources:
    """Of the application that is asked."""
    found: Sources = connection.app.state.sources
    return found


SourcesOf = Annotated[Sources, Depends(sources)]

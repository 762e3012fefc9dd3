"""What the feed says: one JSON object a message, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from console.state import CallState, FactState, SeatState, State


class SnapshotMessage(State):
    """The first message: where everything stands."""

    kind: Literal["snapshot"] = "snapshot"
    sequence: int
    """The calls and seats are as of this fact, or a moment later."""
    calls: tuple[CallState, ...]
    """Every call that is up."""
    seats: tuple[SeatState, ...]
    """Every seat."""
    engine: bool
    """Whether the engine is there; if not, calls and seats are as they were known last."""


class FactMessage(FactState):
    """A fact was committed. They come in order, each once."""

    kind: Literal["fact"] = "fact"


class LiveMessage(State):
    """What changed just now; facts confirm it later. States are whole: they replace those of the same id."""

    kind: Literal["live"] = "live"
    calls: tuple[CallState, ...]
    """Calls that are new or changed."""
    seats: tuple[SeatState, ...]
    """Seats that changed."""
    gone: tuple[str, ...]
    """Ids of calls that are over."""


class TellMessage(State):
    """Somebody should look: a supervisor, or a dispatcher where it is about an order."""

    kind: Literal["tell"] = "tell"
    about: str
    """What it is about, a stable word: `no-answer`, `rejected`, `busy`, `failed`, `nobody-works`; of an order
    `order-deadline`, `order-exhausted`, `order-declined`, `order-no-line`, `order-taken-back`, `order-tell-them`."""
    seat: str | None = None
    person: str | None = None
    call: str | None = None
    order: str | None = None
    """Which order; it and those below are null where it is about none."""
    incident: str | None = None
    department: str | None = None
    times: int | None = None
    """How often that was told, this time included; 0: it is told once."""


class EngineMessage(State):
    """The engine went away or is back; when it is back, a `live` message with everything follows."""

    kind: Literal["engine"] = "engine"
    up: bool


Message = SnapshotMessage | FactMessage | LiveMessage | TellMessage | EngineMessage
"""Everything that the feed says."""

AnyMessage = Annotated[Message, Field(discriminator="kind")]
"""The same, for the OpenAPI file."""

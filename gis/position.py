"""One position of a caller, and everything that it says about itself.

A position is a fact: it is made once, kept beside all others and never changed. What was wrong with it stays with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gis.civic import Civic
from gis.confidence import COMPARED_AT, Pdf, scale
from gis.datum import Datum, LatLon
from gis.shape import Shape
from gis.trouble import Trouble


class Source(StrEnum):
    """Who says so."""

    CALL_TAKER = "call-taker"
    """A person asked the caller, and marked the place."""
    SIP = "sip"
    """The call itself carried it: a PIDF-LO or what Asterisk made of one."""
    AML = "aml"
    """The telephone measured itself and sent it beside the call."""
    SUBSCRIBER = "subscriber"
    """The address of a fixed line."""
    CELL = "cell"
    """The cell that carries the call."""
    TRUNK = "trunk"
    """Where calls of this trunk come from, as the centre's configuration says."""
    REGISTERED = "registered"
    """The address to which a mobile number is registered: its bearer may be anywhere."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a caller is, according to one source."""

    source: Source
    at: datetime
    """When it was true, UTC: measured, or entered into the table that it comes from."""
    shape: Shape | None
    """On WGS-84, whatever it came in; None where only an address is known."""
    datum: Datum = Datum.WGS84
    """In which it came."""
    confidence: float | None = None
    """How often the shape holds the caller, above 0 and up to 1; None: nobody said."""
    pdf: Pdf = Pdf.UNKNOWN
    """How the probability is spread over the shape."""
    civic: Civic | None = None
    height_m: float | None = None
    """Above the ellipsoid, as it was sent; no rule of ours uses it."""
    method: str = ""
    """How it was found, in the sender's word: GPS, Wifi, Cell."""
    notes: tuple[Trouble, ...] = ()
    """What was wrong with it."""

    def __post_init__(self) -> None:
        if self.shape is None and self.civic is None:
            raise ValueError("a position says a place or an address")
        if self.at.tzinfo is None:
            raise ValueError("a time without a zone is no moment")
        if self.confidence is not None and not 0.0 < self.confidence <= 1.0:
            raise ValueError(f"a confidence lies above 0 and up to 1, not {self.confidence}")

    @property
    def centre(self) -> LatLon | None:
        """The middle of its shape, WGS-84."""
        return None if self.shape is None else self.shape.centre

    @property
    def radius_m(self) -> float | None:
        """Of the circle around its centre that holds the whole shape, with its confidence; None: unknown."""
        return None if self.shape is None else self.shape.radius_m

    def area(self, confidence: float = COMPARED_AT) -> Shape | None:
        """The shape scaled so that it holds the caller with this confidence, where shape and confidence allow that."""
        if self.shape is None or self.confidence is None:
            return self.shape
        return self.shape.scaled(scale(self.confidence, confidence, self.pdf))

    def radius_at(self, confidence: float = COMPARED_AT) -> float | None:
        """The radius in metres with this confidence; None: unknown."""
        area = self.area(confidence)
        return None if area is None else area.radius_m

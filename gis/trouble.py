"""What is wrong with a position, or with finding one: told, never raised, and never a reason to have none at all.

The page `docs/positions.md` explains every flaw to operators; a test holds it and this list together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Flaw(StrEnum):
    """A kind of trouble; the value is stable, and the consoles' texts go by it."""

    # A text that could not be read at all.
    TOO_BIG = "too_big"
    """Longer than any honest sender's."""
    FORBIDDEN_XML = "forbidden_xml"
    """Declares a document type or entities: an attack, or a sender nobody should copy."""
    BROKEN_XML = "broken_xml"
    """Not readable as XML."""
    NOTHING_IN_IT = "nothing_in_it"
    """Readable, and no location in it."""

    # What a sender got wrong, and was understood all the same.
    NAMESPACE = "namespace"
    """Elements of a namespace that is not theirs."""
    PUNCTUATION = "punctuation"
    """Commas or full-width signs between or in numbers."""
    NO_CRS = "no_crs"
    """No coordinate reference system; taken for WGS-84."""
    SWAPPED = "swapped"
    """Longitude before latitude."""
    WRAPPED = "wrapped"
    """A longitude beyond 180 degrees."""
    FEET = "feet"
    """Lengths said to be in feet, where metres are the rule: the larger area of both readings is taken."""
    UNKNOWN_UNIT = "unknown_unit"
    """A unit that nobody knows: taken for metres or degrees."""
    UNCLOSED_RING = "unclosed_ring"
    """The last corner of a polygon is not its first."""
    CROSSED_RING = "crossed_ring"
    """A polygon crosses itself; the area around all its corners is taken."""
    CROSSED_AXES = "crossed_axes"
    """An ellipse's long axis is the shorter one."""
    BAD_CONFIDENCE = "bad_confidence"
    """A confidence that is no percentage."""
    BAD_TIME = "bad_time"
    """A time that is none, or has no zone."""
    FUTURE_TIME = "future_time"
    """A time later than the call; the call's is taken."""
    OLD_TIME = "old_time"
    """Measured long before the call."""
    TOO_MANY = "too_many"
    """More positions, or parts of one, than are kept."""

    GUESSED_SHAPE = "guessed_shape"
    """A shape whose name Asterisk lost, told by what belongs to it; the address that came with it is lost."""

    # What left something out.
    BAD_LENGTH = "bad_length"
    """A radius, axis or angle that cannot be: only the place is kept."""
    BAD_SHAPE = "bad_shape"
    """A shape that cannot be."""
    UNKNOWN_SHAPE = "unknown_shape"
    """A shape that nobody knows."""
    UNKNOWN_CRS = "unknown_crs"
    """A coordinate reference system other than WGS-84, CGCS2000, GCJ-02 and BD-09."""
    NULL_PLACE = "null_place"
    """0, 0: what programs send that know nothing."""

    # What concerns the call.
    BY_REFERENCE = "by_reference"
    """The position lies with a location server, and was not fetched."""
    NO_BODY = "no_body"
    """The call says that it carries a position, and carries none that could be read."""
    NOT_UNDERSTOOD = "not_understood"
    """What the call carries as its position is no form that is known."""
    NO_NUMBER = "no_number"
    """The caller's number is hidden or no number."""
    NO_COORDINATES = "no_coordinates"
    """The subscriber's address is known, and not where that is."""
    SUBSCRIBERS_UNREADABLE = "subscribers_unreadable"
    """The subscriber table is missing or damaged."""
    REGISTERED_ADDRESS = "registered_address"
    """The number is a mobile's: its address tells where the bill goes, not where the caller is."""
    FAR = "far"
    """Very far from the centre: likely no position of this caller."""
    NO_POSITION = "no_position"
    """Nothing says where the caller is."""
    NO_AREA = "no_area"
    """The best position lies in no area of a service."""
    SEVERAL_AREAS = "several_areas"
    """The best position may lie in several areas of a service."""
    AREAS_FAILED = "areas_failed"
    """In which areas the best position lies could not be computed."""
    VAGUE = "vague"
    """The best position covers so much that areas say nothing."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong."""

    flaw: Flaw
    detail: str = ""
    """For people who repair: the value that was sent, the service that is meant. Never longer than a line."""

    def __str__(self) -> str:
        return f"{self.flaw}: {self.detail}" if self.detail else self.flaw.value


def trouble(flaw: Flaw, detail: str = "") -> Trouble:
    """A trouble whose detail came from outside: one line, cut, with nothing in it that a screen would obey."""
    line = detail[:400]
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else " " for sign in line)
    line = " ".join(line.split())
    return Trouble(flaw, line if len(line) <= 100 else line[:99] + "…")

"""Which bytes somebody wants: the headers Range and If-Range (RFC 9110, section 14 and 13.1.5). Pure.

Rules: whatever is not understood is passed over, and the whole is given, as the RFC allows: another unit, a range that
ends before it begins, several ranges at once. Only a range of which no byte exists is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.ASCII | re.IGNORECASE)
_FAR = 10**18
"""More bytes than anything has; what is written longer than this is as far."""


class Unsatisfiable(ValueError):
    """No byte of what is wanted exists."""

    code = "range_not_satisfiable"


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Some bytes in a row, at least one."""

    first: int
    last: int
    """This one included."""

    @property
    def length(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def told(self, size: int) -> str:
        """As Content-Range says it."""
        return f"bytes {self.first}-{self.last}/{size}"


def wanted(wish: str | None, unless_changed: str | None, etag: str, size: int) -> ByteRange | None:
    """The range that `Range` and `If-Range` ask for; None: all of it. Raises Unsatisfiable.

    `etag` is a strong one, in its quotes. A date in If-Range never holds: a recording has no date that says as much.
    """
    found = _ONE.fullmatch(wish) if wish is not None else None
    if found is None or (unless_changed is not None and unless_changed.strip() != etag):
        return None
    first, last, suffix = (None if not text else int(text) if len(text) < 18 else _FAR for text in found.groups())
    if suffix is not None:
        if suffix == 0 or size == 0:
            raise Unsatisfiable(f"the last {suffix} of {size} bytes: there are none")
        return ByteRange(max(0, size - suffix), size - 1)
    assert first is not None  # the expression has one of both
    if last is not None and last < first:
        return None
    if first >= size:
        raise Unsatisfiable(f"there are {size} bytes; none from {first} on")
    return ByteRange(first, size - 1 if last is None else min(last, size - 1))


def unchanged(known: str | None, etag: str) -> bool:
    """Whether somebody has it already, by his `If-None-Match` (RFC 9110, section 13.1.2)."""
    if known is None:
        return False
    return known.strip() == "*" or etag in [each.strip().removeprefix("W/") for each in known.split(",")]

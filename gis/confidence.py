"""How sure a sender is, and what that makes of a radius.

"Within 50 m" says nothing until it says how often that is true. Telephones speak of 68 %, location servers of 95 %,
and who compares the two radii without scaling trusts the wrong one.

A position with a normal distribution in two dimensions is within r of its centre with the probability
p = 1 - exp(-r² / 2σ²), so r(p) = σ·√(-2·ln(1 - p)): from 68 % to 95 % a radius grows by 1.62, from 68 % to 90 % by
1.42. A rectangular one is anywhere within its shape alike, so its area grows with p, and its radius with √p.
RFC 7459, sections 2.2 and 5.3.
"""

from __future__ import annotations

import math
from enum import StrEnum

from gis.numerals import number
from gis.trouble import Flaw, Trouble, trouble

COMPARED_AT = 0.95
"""The confidence at which radii are compared and areas looked up: what RFC 5491 recommends to senders."""

_SUREST = 0.9999
"""What "100 %" is taken for: a normal distribution has no radius within which everything lies."""


class Pdf(StrEnum):
    """How the probability is spread over a shape (RFC 7459, section 4)."""

    UNKNOWN = "unknown"
    NORMAL = "normal"
    RECTANGULAR = "rectangular"


def scale(held: float, wanted: float, pdf: Pdf = Pdf.UNKNOWN) -> float:
    """By how much a radius that holds with one confidence is multiplied to hold with another.

    Both lie above 0 and up to 1; raises ValueError otherwise. Unknown is scaled as normal: receivers of satellites are.
    A rectangular distribution ends at its shape's edge, so from 1 on nothing grows.
    """
    if not (0.0 < held <= 1.0 and 0.0 < wanted <= 1.0):
        raise ValueError(f"a confidence lies above 0 and up to 1, not {held} or {wanted}")
    if pdf is Pdf.RECTANGULAR:
        return math.sqrt(wanted / held)
    return _sigmas(wanted) / _sigmas(held)


def _sigmas(confidence: float) -> float:
    return math.sqrt(-2.0 * math.log1p(-min(confidence, _SUREST)))


def percentage(text: str, pdf: str, *, extent: bool) -> tuple[float | None, Pdf, tuple[Trouble, ...]]:
    """What a sender said of its confidence in percent: as a fraction, the distribution, and what was wrong.

    Where a shape has an extent and nothing is said, 95 % is what the sender means (RFC 7459, section 4); `unknown`
    means what it says.
    """
    spread = next((each for each in Pdf if each == pdf.strip().lower()), Pdf.UNKNOWN)
    default = COMPARED_AT if extent else None
    text = text.strip().removesuffix("%")
    if not text:
        return default, spread, ()
    if text.lower() == "unknown":
        return None, spread, ()
    value = number(text)
    if value is None or not 0.0 < value <= 100.0:
        return default, spread, (trouble(Flaw.BAD_CONFIDENCE, text),)
    if value <= 1.0:
        # 0.95 for 95 %: nobody sends a position that is wrong in 99 of 100 cases.
        return value, spread, (trouble(Flaw.BAD_CONFIDENCE, text),)
    return value / 100.0, spread, ()

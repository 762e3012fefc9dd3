"""Coordinates as text, the way location senders write them.

`31.2304 121.4737` is right (GML 3.1.1, `pos`). Also read, and told: commas between the numbers or in them, full-width
digits, degrees with minutes and seconds (`37:46:30N`, RFC 4119's own example), hemisphere letters, the two swapped,
longitudes up to 360. Everything else is refused, because half a guess is worse than nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gis.datum import LatLon
from gis.earth import wrapped
from gis.shape import BadShape
from gis.trouble import Flaw, Trouble, trouble

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,24}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})(?:[eE][-+]?[0-9]{1,2})?")
_HALVES = re.compile(r"[-+]?[0-9]{1,3},[0-9]{1,24}")
_SEXAGESIMAL = re.compile(
    r"(?P<deg>[0-9]{1,3}(?:\.[0-9]{1,24})?)"
    r"(?:[:°](?P<min>[0-9]{1,2}(?:\.[0-9]{1,24})?))?(?:[:'′](?P<sec>[0-9]{1,2}(?:\.[0-9]{1,24})?))?"
    r"[°'′\"″]*(?P<side>[NSEWnsew])"
)


@dataclass(frozen=True, slots=True)
class Places:
    """What stood in the texts."""

    at: tuple[LatLon, ...]
    height_m: float | None
    """Of the first place, where one was given."""
    troubles: tuple[Trouble, ...]


def number(text: str) -> float | None:
    """A finite decimal number; None for anything else (`nan`, `1_000` and `0x1f` are none)."""
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def places(texts: Sequence[str], *, dimensions: int = 2, east_first: bool = False) -> Places:
    """The places in these texts; a text of one place has 2 or 3 numbers, a list of places `dimensions` for each.

    Raises BadShape with what could not be read.
    """
    troubles: list[Trouble] = []
    heights_m: list[float | None] = []
    pairs: list[tuple[float, float]] = []
    for text in texts:
        plain = unicodedata.normalize("NFKC", text)
        tokens, wrong = _tokens(plain)
        if (wrong or plain != text) and not troubles:
            troubles.append(trouble(Flaw.PUNCTUATION, text))
        each = len(tokens) if len(tokens) in (2, 3) else dimensions
        if not tokens or len(tokens) % each:
            raise BadShape(f"{_shown(text)} is not {each} numbers")
        for start in range(0, len(tokens), each):
            values = [_value(token, text) for token in tokens[start : start + each]]
            pairs.append(_sides(tokens[start : start + 2], (values[0], values[1]), east_first))
            heights_m.append(values[2] if each == 3 else None)
    if pairs and any(abs(lat) > 90.0 for lat, _ in pairs) and all(abs(lon) <= 90.0 for _, lon in pairs):
        troubles.append(trouble(Flaw.SWAPPED, texts[0]))
        pairs = [(lon, lat) for lat, lon in pairs]
    if any(180.0 < abs(lon) <= 360.0 for _, lon in pairs):
        troubles.append(trouble(Flaw.WRAPPED, texts[0]))
        pairs = [(lat, wrapped(lon) if abs(lon) <= 360.0 else lon) for lat, lon in pairs]
    return Places(tuple(LatLon(*pair) for pair in pairs), heights_m[0] if heights_m else None, tuple(troubles))


def _tokens(text: str) -> tuple[list[str], bool]:
    """The numbers of a text, still as text, and whether commas were among them."""
    if "," not in text:
        return text.split(), False
    tokens = text.split()
    if len(tokens) in (2, 3) and all(_HALVES.fullmatch(token) for token in tokens):
        return [token.replace(",", ".") for token in tokens], True  # 31,2304 121,4737: decimal commas
    return text.replace(",", " ").split(), True


def _value(token: str, text: str) -> float:
    if (plain := number(token)) is not None:
        return plain
    found = _SEXAGESIMAL.fullmatch(token)
    if not found:
        raise BadShape(f"{_shown(token)} in {_shown(text)} is no number")
    degrees = float(found["deg"]) + float(found["min"] or 0) / 60.0 + float(found["sec"] or 0) / 3600.0
    return -degrees if found["side"] in "SWsw" else degrees


def _sides(tokens: Sequence[str], values: tuple[float, float], east_first: bool) -> tuple[float, float]:
    """Latitude first: as letters say, or as the reference system does."""
    letters = [token[-1].upper() for token in tokens]
    if letters[0] in "EW" or letters[1] in "NS":
        east_first = True
    elif letters[0] in "NS" or letters[1] in "EW":
        east_first = False
    return (values[1], values[0]) if east_first else values


def _shown(text: str) -> str:
    return repr(text.strip()[:40])

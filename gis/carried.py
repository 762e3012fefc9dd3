"""What a call carries as its position, in whatever form the telephony got hold of it.

Three forms reach us: a PIDF-LO document, a Geolocation header (RFC 6442), and what Asterisk made of them, a `Geoloc`.

Asterisk translates a document before we see it. What 22.10 loses on the way: the time, all positions after the first,
units of length, the reference system's name unless it is exactly one of two URNs, and of a shape with an address after
it both the shape's name and the address: `format` then says an address, and what follows are a circle's numbers. A
document that it cannot read, a GML of a draft and a body that no header names leave nothing at all. Older releases call
angles in EPSG:9102 "radians"; those are degrees. Documents that expand without end it refuses by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from gis.civic import Civic
from gis.confidence import percentage
from gis.datum import Datum
from gis.gml import Sent, shaped
from gis.pidf import MOST_SIGNS, read_pidf
from gis.position import Position, Source
from gis.reading import Reading
from gis.shape import Point
from gis.trouble import Flaw, trouble

# No pattern here begins with a repetition: a text of blanks alone would take a minute.
_URI = re.compile(r"(?<![\w+.-])(?:cid|https?|sips?|pres):[^<>\s,;\"]{1,300}", re.IGNORECASE)
_SCHEME = re.compile(r"(?:cid|https?|sips?|pres):", re.IGNORECASE)
_BETWEEN = re.compile(r"\"\s*,\s*(?=[A-Za-z][\w-]{0,40}=\")")
_PLACES = ("pos", "posList", "coordinates")
_SYSTEMS = {"2d": "EPSG::4326", "3d": "EPSG::4979"}


@dataclass(frozen=True, slots=True)
class Geoloc:
    """Asterisk's `${GEOLOC_PROFILE(…)}`, field by field as it prints them; empty where it says nothing."""

    format: str = ""
    """`GML`, `civicAddress`, `URI`, `none`."""
    location_info: str = ""
    """`name="value"` pairs with commas between them."""
    confidence: str = ""
    """The same: `value` and `pdf`."""
    method: str = ""


Carried = str | bytes | Geoloc
"""One thing that a call carries."""


def read_carried(carried: Carried, received: datetime, meant: Datum = Datum.WGS84) -> Reading:
    """The positions and references in it; never raises. An empty text or profile says nothing, and that is no trouble.

    `meant` is what the sender means when it says WGS-84.
    """
    if isinstance(carried, Geoloc):
        return _geoloc(carried, received, meant)
    if not carried.strip():
        return Reading()
    if isinstance(carried, bytes):
        return read_pidf(carried, received, meant)
    text = carried.strip("\ufeff \t\r\n")
    if _SCHEME.match(text.removeprefix("<").lstrip()):
        return Reading(references=tuple(dict.fromkeys(_URI.findall(text[:4000]))))
    if text.startswith("<"):
        return read_pidf(text, received, meant)
    if "shape=" in text[:400]:
        return _geoloc(Geoloc("GML", text), received, meant)
    return Reading(troubles=(trouble(Flaw.NOT_UNDERSTOOD, carried),))


def _geoloc(geoloc: Geoloc, received: datetime, meant: Datum) -> Reading:
    if not geoloc.location_info.strip():
        return Reading()
    if len(geoloc.location_info) > MOST_SIGNS:
        return Reading(troubles=(trouble(Flaw.TOO_BIG, f"more than {MOST_SIGNS} characters"),))
    pairs = _pairs(geoloc.location_info)
    match geoloc.format.strip().lower():
        case "gml":
            return _gml(pairs, geoloc, received, meant)
        case "civicaddress":
            if any(name in _PLACES for name, _ in pairs):
                return _gml([("shape", _guess(pairs)), *pairs], geoloc, received, meant, guessed=True)
            civic = Civic.of((name, value) for name, value in pairs if name != "lang")
            if civic is not None:
                return Reading((Position(Source.SIP, received, None, civic=civic, method=geoloc.method.strip()[:40]),))
        case "uri":
            return Reading(references=tuple(dict.fromkeys(value for name, value in pairs if name == "URI" and value)))
    return Reading(troubles=(trouble(Flaw.NOT_UNDERSTOOD, f"{geoloc.format}: {geoloc.location_info}"),))


def _guess(pairs: list[tuple[str, str]]) -> str:
    """The name of a shape that Asterisk lost, by what belongs to it."""
    names = [name for name, _ in pairs]
    told = {"innerRadius": "ArcBand", "semiMajorAxis": "Ellipse", "radius": "Circle", "posList": "Polygon"}
    found = next((shape for name, shape in told.items() if name in names), "")
    return found or ("Polygon" if names.count("pos") > 2 else "Point")


def _gml(
    pairs: list[tuple[str, str]], geoloc: Geoloc, received: datetime, meant: Datum, *, guessed: bool = False
) -> Reading:
    named = dict(reversed(pairs))  # the first of each name counts
    measures = {name: _measure(value) for name, value in named.items() if name not in (*_PLACES, "shape", "crs")}
    crs = named.get("crs", "")
    sent = Sent(
        named.get("shape", ""),
        tuple(value for name, value in pairs if name in _PLACES),
        _SYSTEMS.get(crs, "" if crs == "unknown" else crs),
        measures=measures,
    )
    read = shaped(sent, meant)
    if read.shape is None:
        return Reading(troubles=read.troubles)
    said = dict(_pairs(geoloc.confidence))
    extent = not isinstance(read.shape, Point)
    confidence, pdf, doubts = percentage(said.get("value", ""), said.get("pdf", ""), extent=extent)
    guess = (trouble(Flaw.GUESSED_SHAPE, f"{sent.kind}, with an address that is lost"),) if guessed else ()
    notes = (*guess, *read.troubles, *doubts)
    method = geoloc.method.strip()[:40]
    position = Position(
        Source.SIP, received, read.shape, read.datum, confidence, pdf, None, read.height_m, method, notes
    )
    return Reading((position,))


def _pairs(text: str) -> list[tuple[str, str]]:
    """Names and values. Asterisk escapes nothing: only what follows tells the end of a value from a quote in it."""
    pairs = []
    for piece in _BETWEEN.split(text.strip().removesuffix('"')):
        name, equals, value = piece.partition('="')
        if equals:
            pairs.append((name, value))
    return pairs


def _measure(value: str) -> tuple[str, str]:
    """A length or an angle without the word that Asterisk hangs on to angles."""
    return value.removesuffix(" radians").removesuffix(" degrees"), ""

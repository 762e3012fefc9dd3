"""Positions as plain data: what facts keep, the feed carries and the browser reads.

One form for all of them. Degrees have seven places (a centimetre), so that a polygon fits into a fact; what is written
and read again is the same to that centimetre.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gis.civic import Civic
from gis.confidence import Pdf
from gis.datum import Datum, LatLon
from gis.jurisdiction import Jurisdiction
from gis.locate import Located
from gis.position import Position, Source
from gis.shape import ArcBand, Circle, Ellipse, Point, Polygon, Shape
from gis.trouble import Flaw, Trouble

Data = dict[str, Any]
"""What JSON can say."""


def position_data(position: Position) -> Data:
    """A position as data; `lat`, `lon` and `radius_m` of its middle stand beside the shape for who wants no more."""
    centre, civic = position.centre, position.civic
    return {
        "source": position.source.value,
        "at": position.at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        "datum": position.datum.value,
        "lat": None if centre is None else round(centre.lat, 7),
        "lon": None if centre is None else round(centre.lon, 7),
        "radius_m": None if position.radius_m is None else round(position.radius_m, 1),
        "confidence": position.confidence,
        "pdf": position.pdf.value,
        "shape": None if position.shape is None else _shape_data(position.shape),
        "civic": None if civic is None else {"line": civic.line, "parts": dict(civic.parts), "text": civic.text},
        "height_m": position.height_m,
        "method": position.method,
        "notes": [_trouble_data(note) for note in position.notes],
    }


def position_of(data: Mapping[str, Any]) -> Position:
    """The position that `position_data` made; raises KeyError or ValueError for anything else."""
    civic = data["civic"]
    return Position(
        source=Source(data["source"]),
        at=datetime.fromisoformat(data["at"]).astimezone(UTC),
        shape=None if data["shape"] is None else shape_of(data["shape"]),
        datum=Datum(data["datum"]),
        confidence=data["confidence"],
        pdf=Pdf(data["pdf"]),
        civic=None if civic is None else Civic(tuple(civic["parts"].items()), civic["text"]),
        height_m=data["height_m"],
        method=data["method"],
        notes=tuple(Trouble(Flaw(note["code"]), note["detail"]) for note in data["notes"]),
    )


def located_data(located: Located) -> Data:
    """Everything that is known of where a caller is, as data; the subscriber's name is personal."""
    subscriber = located.subscriber
    return {
        "positions": [position_data(position) for position in located.positions],
        "ranking": [{"position": index, "rank": rank.value} for index, rank in located.ranking],
        "jurisdictions": {service: _jurisdiction_data(each) for service, each in located.jurisdictions.items()},
        "subscriber": None
        if subscriber is None
        else {"name": subscriber.name, "address": subscriber.address, "line": subscriber.line.value},
        "references": list(located.references),
        "troubles": [_trouble_data(each) for each in located.troubles],
    }


def _jurisdiction_data(jurisdiction: Jurisdiction) -> Data:
    shares = [
        {"id": each.id, "name": {"zh": each.name.zh, "en": each.name.en}, "share": each.share}
        for each in jurisdiction.shares
    ]
    return {"shares": shares, "outside": jurisdiction.outside}


def _trouble_data(trouble: Trouble) -> Data:
    return {"code": trouble.flaw.value, "detail": trouble.detail}


def _shape_data(shape: Shape) -> Data:
    match shape:
        case Polygon(ring):
            return {"kind": shape.kind, "ring": [[round(lat, 7), round(lon, 7)] for lat, lon in ring]}
        case Point(at):
            measures: Data = {}
        case Circle(at, radius_m):
            measures = {"radius_m": radius_m}
        case Ellipse(at, major_m, minor_m, orientation_deg):
            measures = {"major_m": major_m, "minor_m": minor_m, "orientation_deg": orientation_deg}
        case ArcBand(at, inner_m, outer_m, start_deg, opening_deg):
            measures = {"inner_m": inner_m, "outer_m": outer_m, "start_deg": start_deg, "opening_deg": opening_deg}
    return {"kind": shape.kind, "lat": round(at.lat, 7), "lon": round(at.lon, 7), **measures}


def shape_of(data: Mapping[str, Any]) -> Shape:
    """The shape that `position_data` told; raises KeyError, TypeError or ValueError for anything else."""
    if data["kind"] == Polygon.kind:
        return Polygon(tuple(LatLon(lat, lon) for lat, lon in data["ring"]))
    at = LatLon(data["lat"], data["lon"])
    match data["kind"]:
        case Point.kind:
            return Point(at)
        case Circle.kind:
            return Circle(at, data["radius_m"])
        case Ellipse.kind:
            return Ellipse(at, data["major_m"], data["minor_m"], data["orientation_deg"])
        case ArcBand.kind:
            return ArcBand(at, data["inner_m"], data["outer_m"], data["start_deg"], data["opening_deg"])
    raise ValueError(f"no shape is called {data['kind']!r:.40}")

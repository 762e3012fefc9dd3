"""One `location-info` of a location object: its shapes, its address, and how sure the sender is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from gis.civic import Civic
from gis.confidence import percentage
from gis.datum import Datum
from gis.gml import Sent, Shaped, shaped
from gis.moment import measured
from gis.position import Position, Source
from gis.shape import Point
from gis.trouble import Flaw, Trouble, trouble

SHAPES = ("Point", "Circle", "Ellipse", "ArcBand", "Polygon", "Sphere", "Ellipsoid", "Prism")
"""Local names of the elements that say a place."""

_PLACES = ("pos", "posList", "coordinates")
_MEASURES = (
    *("radius", "semiMajorAxis", "semiMinorAxis", "orientation"),
    *("innerRadius", "outerRadius", "startAngle", "openingAngle"),
)
_GML = "http://www.opengis.net/gml"
_GEOSHAPE = "http://www.opengis.net/pidflo/1.0"
_HOMES = {
    "location-info": "urn:ietf:params:xml:ns:pidf:geopriv10",
    "civicAddress": "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr",
    "confidence": "urn:ietf:params:xml:ns:geopriv:conf",
    "Point": _GML,
    "Polygon": _GML,
} | dict.fromkeys(("Circle", "Ellipse", "ArcBand", "Sphere", "Ellipsoid", "Prism"), _GEOSHAPE)


def name_of(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


class LocationInfo:
    """What one `location-info` says; `meant` is what its sender means by WGS-84."""

    def __init__(self, info: Element, container: Element, received: datetime, meant: Datum) -> None:
        """`container` is the tuple, device or person around it, which knows time and method."""
        self._container = container
        self._named: dict[str, Element] = {}
        shapes = [*self._shapes(info)]
        self._notes = [*_foreign(info)] if name_of(info) == "location-info" else []
        self._at, wrong = measured(self._text("timestamp"), received)
        self._notes += wrong
        self.positions: tuple[Position, ...] = ()
        """One for each shape that could be read, the address with the first; else one with the address alone."""
        self.lost: tuple[Trouble, ...] = ()
        """What was wrong with the parts that became no position."""
        self._fill(info, [(shape, shaped(_sent(shape), meant)) for shape in shapes])

    def _shapes(self, info: Element) -> Iterator[Element]:
        """The outermost shapes; the address and the confidence are put by on the way."""
        stack = [info]
        while stack:
            element = stack.pop()
            name = name_of(element)
            if name in SHAPES:
                yield element
            elif name in ("civicAddress", "confidence"):
                self._named.setdefault(name, element)
            else:
                stack += reversed(element)

    def _fill(self, info: Element, read: list[tuple[Element, Shaped]]) -> None:
        civic, wrong_civic = self._civic()
        good = [(element, each) for element, each in read if each.shape is not None]
        lost = [told for element, each in read if each.shape is None for told in (*_foreign(element), *each.troubles)]
        positions = [self._position(element, each) for element, each in good]
        if good:
            first = self._position(*good[0], civic, wrong_civic)
            positions[0] = first
        elif civic is not None:
            # A shape that could not be read is a flaw of the position that the address still is.
            notes = tuple(dict.fromkeys((*self._notes, *wrong_civic, *lost)))
            positions = [Position(Source.SIP, self._at, None, civic=civic, method=self._method(), notes=notes)]
            lost = []
        self.positions, self.lost = tuple(positions), tuple(lost)
        if not positions and not lost and len(info):
            self.lost = (trouble(Flaw.NOTHING_IN_IT, name_of(info[0])),)

    def _position(
        self, element: Element, read: Shaped, civic: Civic | None = None, wrong_civic: tuple[Trouble, ...] = ()
    ) -> Position:
        said = self._named.get("confidence")
        text, pdf = ("", "") if said is None else (said.text or "", said.get("pdf", ""))
        confidence, spread, doubts = percentage(text, pdf, extent=not isinstance(read.shape, Point))
        wrong = _foreign(said) if said is not None else ()
        notes = (*self._notes, *_foreign(element), *read.troubles, *wrong, *doubts, *wrong_civic)
        return Position(
            source=Source.SIP,
            at=self._at,
            shape=read.shape,
            datum=read.datum,
            confidence=confidence,
            pdf=spread,
            civic=civic,
            height_m=read.height_m,
            method=self._method(),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _civic(self) -> tuple[Civic | None, tuple[Trouble, ...]]:
        element = self._named.get("civicAddress")
        if element is None:
            return None, ()
        return Civic.of((name_of(part), part.text or "") for part in element), (*_foreign(element),)

    def _method(self) -> str:
        return self._text("method", deep=True)[:40]

    def _text(self, name: str, *, deep: bool = False) -> str:
        elements = self._container.iter() if deep else iter(self._container)
        return next(((element.text or "").strip() for element in elements if name_of(element) == name), "")


def _foreign(element: Element) -> Iterator[Trouble]:
    """A trouble, if the element has another namespace than its own."""
    namespace = str(element.tag).rpartition("}")[0].removeprefix("{")
    if namespace != _HOMES[name_of(element)]:
        yield trouble(Flaw.NAMESPACE, f"{name_of(element)} in {namespace or 'none'}")


def _sent(shape: Element) -> Sent:
    srs, dimensions = shape.get("srsName", ""), shape.get("srsDimension", "2")
    texts: list[str] = []
    measures: dict[str, tuple[str, str]] = {}
    stack = [shape]
    while stack:
        element = stack.pop()
        name = name_of(element)
        if name == "interior":
            continue  # a hole says where the caller is not; without it the area is larger, which is safe
        srs = srs or element.get("srsName", "")
        dimensions = element.get("srsDimension", dimensions)
        if name in _PLACES:
            texts.append(element.text or "")
        elif name in _MEASURES:
            measures.setdefault(name, (element.text or "", element.get("uom", "")))
        stack += reversed(element)
    return Sent(name_of(shape), tuple(texts), srs, 3 if dimensions == "3" else 2, measures)

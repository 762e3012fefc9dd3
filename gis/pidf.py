"""PIDF-LO by value: RFC 4119 with the shapes of RFC 5491, addresses of RFC 5139 and confidence of RFC 7459.

`read_pidf` takes a document as it came and gives positions and troubles; it never raises, whatever the document is.

Rules:

- A document is small, and declares neither a document type nor entities: others are refused before anything in them
  counts, so that neither their size nor what they expand to costs anything.
- Elements are known by their local names. Senders use namespaces of drafts, of GML 3.2, or none at all; the names alone
  are never ambiguous here. A foreign namespace is told.
- One `location-info` is one position: its first shape, its address and its confidence belong together (RFC 5491,
  section 3.2). Further shapes in it become positions of their own. Order is kept: the first is the sender's best.
- A confidence that is not said is 95 % where a shape has an extent (RFC 7459, section 4), and none for a bare point.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gis.datum import Datum
from gis.location_info import SHAPES, LocationInfo, name_of
from gis.position import Position
from gis.reading import Reading
from gis.trouble import Flaw, Trouble, trouble

MOST_SIGNS = 64 * 1024
"""Of a document: thirty times a usual one, and as much as fits into a datagram."""
MOST_POSITIONS = 8
"""Of one document; the first ones count."""

_CONTAINERS = ("tuple", "device", "person")
_BARE = (*SHAPES, "civicAddress")


def read_pidf(document: str | bytes, received: datetime, meant: Datum = Datum.WGS84) -> Reading:
    """The positions of a document that came at this moment (UTC); see the rules above.

    `meant` is what this sender means when it says WGS-84.
    """
    text = document if isinstance(document, str) else _decoded(document)
    if text is None:
        return Reading(troubles=(trouble(Flaw.BROKEN_XML, "neither UTF-8 nor GB 18030"),))
    if len(text) > MOST_SIGNS:
        return Reading(troubles=(trouble(Flaw.TOO_BIG, f"more than {MOST_SIGNS} characters"),))
    whole = text.strip().removeprefix("\ufeff").encode("utf-8", "replace").decode()
    try:
        root = fromstring(whole, forbid_dtd=True)
    except DefusedXmlException:
        return Reading(troubles=(trouble(Flaw.FORBIDDEN_XML, "declares a document type or entities"),))
    except ParseError as error:
        return Reading(troubles=(trouble(Flaw.BROKEN_XML, str(error)),))
    return _read(root, received, meant)


def _decoded(document: bytes) -> str | None:
    if len(document) > 4 * MOST_SIGNS:
        return " " * (MOST_SIGNS + 1)  # too big in any encoding, and not worth decoding
    for encoding in ("utf-8", "gb18030"):
        try:
            return document.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _read(root: Element, received: datetime, meant: Datum) -> Reading:
    positions: list[Position] = []
    troubles: list[Trouble] = []
    # LoST and HELD messages, and senders who left the wrapping out: a shape is one wherever it lies.
    infos = [*_infos(root)] or [*_bare(root)]
    for info, container in infos[:MOST_POSITIONS]:
        located = LocationInfo(info, container, received, meant)
        positions += located.positions
        troubles += located.lost
    if max(len(infos), len(positions)) > MOST_POSITIONS:
        troubles.append(trouble(Flaw.TOO_MANY, f"{max(len(infos), len(positions))} positions"))
    uris = [(element.text or "").strip()[:300] for element in root.iter() if name_of(element) == "locationURI"]
    references = tuple(dict.fromkeys(uri for uri in uris[:MOST_POSITIONS] if uri))
    if not positions and not troubles and not references:
        troubles.append(trouble(Flaw.NOTHING_IN_IT, name_of(root)))
    return Reading(tuple(positions[:MOST_POSITIONS]), tuple(dict.fromkeys(troubles)), references)


def _infos(root: Element) -> Iterator[tuple[Element, Element]]:
    """Each outermost location-info, and the tuple, device or person that it stands in, else itself."""
    # A stack and not recursion: a document may be nested as deeply as it is long.
    stack: list[tuple[Element, Element | None]] = [(root, None)]
    while stack:
        element, container = stack.pop()
        name = name_of(element)
        if name == "location-info":
            yield element, element if container is None else container
            continue
        within = element if name in _CONTAINERS else container
        stack += ((child, within) for child in reversed(element))


def _bare(root: Element) -> Iterator[tuple[Element, Element]]:
    """Each element that holds shapes or addresses without a location-info around them."""
    if name_of(root) in _BARE:
        wrapped = Element("location-info")
        wrapped.append(root)
        yield wrapped, wrapped
        return
    stack = [root]
    while stack:
        element = stack.pop()
        if any(name_of(child) in _BARE for child in element):
            yield element, element
            continue
        stack += reversed(element)

"""What the tests of gis share: the third-party data where it is, own documents, and a small world of areas."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from config.field import Wording
from gis.area import Area, Areas
from gis.datum import LatLon

patient = settings(deadline=None)
"""Examples may take their time: the machine may be busy with something else."""

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "shared" / "data"
CENTRE = LatLon(39.6, 85.4)

WGS84 = 'srsName="urn:ogc:def:crs:EPSG::4326"'
METRES = "urn:ogc:def:uom:EPSG::9001"
DEGREES = "urn:ogc:def:uom:EPSG::9102"


def data(name: str) -> Path:
    """A file or folder of the third-party data; the test skips where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"third-party data are absent: {name}")
    return path


def document(location: str, more: str = "") -> str:
    """A PIDF-LO with this inside its location-info, and more inside its device."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
 xmlns:cl="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xmlns:con="urn:ietf:params:xml:ns:geopriv:conf"
 xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" entity="pres:a@b">
<dm:device id="d1"><gp:geopriv><gp:location-info>{location}</gp:location-info><gp:usage-rules/>
<gp:method>GPS</gp:method></gp:geopriv>{more}</dm:device></presence>"""


def circle(at: str = "39.6 85.4", radius: str = "50", srs: str = WGS84, unit: str = METRES) -> str:
    """A circle's element."""
    return f'<gs:Circle {srs}><gml:pos>{at}</gml:pos><gs:radius uom="{unit}">{radius}</gs:radius></gs:Circle>'


def polygon(*corners: str) -> str:
    """A polygon's element."""
    ring = "".join(f"<gml:pos>{corner}</gml:pos>" for corner in corners)
    return f"<gml:Polygon {WGS84}><gml:exterior><gml:LinearRing>{ring}</gml:LinearRing></gml:exterior></gml:Polygon>"


ADDRESS = (
    '<cl:civicAddress xml:lang="zh"><cl:country>CN</cl:country><cl:A3>启明区</cl:A3>'
    "<cl:RD>晨光路</cl:RD><cl:HNO>12</cl:HNO></cl:civicAddress>"
)


def square(service: str, id_: str, south: float, west: float, north: float, east: float) -> Area:
    """An area between two parallels and two meridians."""
    corners = ((south, west), (south, east), (north, east), (north, west))
    ring = tuple(LatLon(*corner) for corner in corners)
    return Area(service, id_, Wording(zh=id_, en=id_), ((ring,),))


# Fire: west and east of 85.4; police: north and south of 39.6, and nothing beyond 39.7.
FOUR = Areas(
    (
        square("fire", "fire-west", 39.4, 85.2, 39.8, 85.4),
        square("fire", "fire-east", 39.4, 85.4, 39.8, 85.6),
        square("police", "police-south", 39.5, 85.2, 39.6, 85.6),
        square("police", "police-north", 39.6, 85.2, 39.7, 85.6),
    )
)


def places(
    lat: tuple[float, float] = (-89.0, 89.0), lon: tuple[float, float] = (-180.0, 180.0)
) -> st.SearchStrategy[LatLon]:
    """Places between these latitudes and longitudes."""
    return st.builds(LatLon, st.floats(*lat), st.floats(*lon))


def flaws(troubles: Iterable[object]) -> list[str]:
    """The kinds of some troubles, in order."""
    return [str(trouble).partition(":")[0] for trouble in troubles]

"""Where the demo's caller is, as his telephone sends it: a PIDF-LO document in the INVITE (RFC 4119, 5491, 6442)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from phones import Enclosure

PLACE = "启明区晨光路87号6单元五楼"
LAT, LON, RADIUS_M = 39.62775, 85.35261, 25
"""In front of the house, WGS-84; so far off it may be at 95 %."""

CONTENT_ID = "position@caller.invalid"
HEADERS: Mapping[str, str] = {"Geolocation": f"<cid:{CONTENT_ID}>", "Geolocation-Routing": "yes"}
"""Of an INVITE that carries `carried()`."""


def carried() -> Enclosure:
    """The document."""
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
 xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" entity="pres:caller@caller.invalid">
 <dm:device id="telephone"><gp:geopriv><gp:location-info>
  <gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>{LAT} {LON}</gml:pos>
   <gs:radius uom="urn:ogc:def:uom:EPSG::9001">{RADIUS_M}</gs:radius></gs:Circle>
 </gp:location-info><gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv>
 <dm:timestamp>{at}</dm:timestamp></dm:device>
</presence>
"""
    return Enclosure("application/pidf+xml", document.encode(), CONTENT_ID)

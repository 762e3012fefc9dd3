"""What an INVITE carries of the caller's position is told on a real Asterisk, beside the question, whatever it is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from gis.carried import Geoloc, read_carried
from gis.shape import Circle, Polygon
from phones import OutgoingCall, Phone
from phones.message import Enclosure
from telephony.carriage import carried_by
from telephony.manager.event import Arrived, Carried, Ended
from tests.duty_room import DutyRoom, duty_room

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIDF = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:con="urn:ietf:params:xml:ns:geopriv:conf"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:a@b"><dm:device
 id="d"><gp:geopriv><gp:location-info>{shape}<con:confidence pdf="normal">68</con:confidence></gp:location-info>
<gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv></dm:device></presence>"""
CIRCLE = """<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>39.9042 116.4074</gml:pos><gs:radius
 uom="urn:ogc:def:uom:EPSG::9001">35</gs:radius></gs:Circle>"""


def polygon(corners: int) -> str:
    places = [f"<gml:pos>39.9{each:04d}1 116.4{each * each:05d}</gml:pos>" for each in [*range(corners), 0]]
    ring = f"<gml:exterior><gml:LinearRing>{''.join(places)}</gml:LinearRing></gml:exterior>"
    return f'<gml:Polygon srsName="urn:ogc:def:crs:EPSG::4326">{ring}</gml:Polygon>'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[DutyRoom]:
    async with duty_room(sounds) as room:
        yield room


@pytest_asyncio.fixture(loop_scope="module")
async def room(running: DutyRoom) -> AsyncIterator[DutyRoom]:
    running.heard.clear()
    yield running
    await running.centre.hang_up(*running.centre.phones)
    await running.centre.manager.silence()


async def calls(room: DutyRoom, header: str | None, document: str | None = None) -> tuple[Phone, OutgoingCall]:
    """Somebody calls 119 and hears that it rings."""
    caller = await room.centre.caller()
    enclosures = () if document is None else (Enclosure("application/pidf+xml", document.encode(), "loc@x"),)
    headers = {} if header is None else {"Geolocation": header}
    call = await caller.dial("119", headers=headers, enclosures=enclosures)
    await call.ringing()
    return caller, call


async def carried(room: DutyRoom) -> Carried:
    found: list[Carried] = await room.until(
        "what it carries is told", lambda: [each for each in room.heard if isinstance(each, Carried)]
    )
    assert len(found) == 1
    return found[0]


def geoloc(told: Carried) -> Geoloc:
    return Geoloc(told.format, told.location_info, told.confidence, told.method)


async def test_a_circle_is_told_with_its_trunk_and_can_be_read(room: DutyRoom) -> None:
    caller, _ = await calls(room, "<cid:loc@x>", PIDF.format(shape=CIRCLE))
    told = await carried(room)
    assert (told.channel.endpoint, told.channel.number, told.channel.called) == ("city", caller.user, "119")
    assert (told.header, told.format, told.method) == ("<cid:loc@x>", "GML", "GPS")
    (position,) = read_carried(geoloc(told), told.at).positions
    assert isinstance(position.shape, Circle)
    assert (position.shape.radius_m, position.confidence) == (35.0, 0.68)


async def test_a_polygon_of_a_hundred_corners_comes_whole(room: DutyRoom) -> None:
    await calls(room, "<cid:loc@x>", PIDF.format(shape=polygon(100)))
    (position,) = read_carried(geoloc(await carried(room)), (await carried(room)).at).positions
    assert isinstance(position.shape, Polygon)


async def test_a_shape_that_asterisk_cuts_off_is_none_rather_than_another_one(room: DutyRoom) -> None:
    await calls(room, "<cid:loc@x>", PIDF.format(shape=polygon(200)))
    told = await carried(room)
    assert (told.format, told.location_info) == ("GML", "")


async def test_a_reference_is_told_as_it_stands(room: DutyRoom) -> None:
    uri = "https://lis.example/held/a1"
    await calls(room, f"<{uri}>")
    told = await carried(room)
    assert told.header == f"<{uri}>"
    assert read_carried(told.header, told.at).references == (uri,)


@pytest.mark.parametrize("document", ["<presence", PIDF.format(shape="<gs:Circle>"), "", "\0\1\2"])
async def test_a_broken_document_leaves_the_header_and_the_call(room: DutyRoom, document: str) -> None:
    await calls(room, "<cid:loc@x>", document)
    told = await carried(room)
    assert (told.header, told.location_info) == ("<cid:loc@x>", "")


@pytest.mark.parametrize(
    "header",
    [
        '<https://a.example/x,y"z\'${EPOCH}(1)]>;inserted-by="b"',
        "<https://a.example/%0d%0aEvent:%20Hangup%0d%0a>",
        f"<https://a.example/{'x' * 2000}>",
        "长安街",
    ],
)
async def test_whatever_stands_in_the_header_only_the_header_is_told(room: DutyRoom, header: str) -> None:
    await calls(room, header)
    told = await carried(room)
    assert told.header
    assert header.startswith(told.header[:290])
    assert room.link.damages == 0


async def test_who_carries_nothing_is_told_nothing_of(room: DutyRoom) -> None:
    caller, call = await calls(room, None)
    await call.hang_up()
    await room.until("the call is over", lambda: [each for each in room.heard if isinstance(each, Ended)])
    assert [each.channel.number for each in room.heard if isinstance(each, Arrived)] == [caller.user]
    assert [each for each in room.heard if isinstance(each, Carried)] == []


async def test_an_engine_that_comes_later_reads_it_again_from_the_channel(room: DutyRoom) -> None:
    await calls(room, "<cid:loc@x>", PIDF.format(shape=polygon(100)))
    told = await carried(room)
    (present,) = [each for each in (await room.sight()).channels if each.channel.id == told.channel.id]
    again = await carried_by(room.link, present.channel, told.at)
    assert again is not None
    assert geoloc(again) == geoloc(told)
    assert again.header == told.header


async def test_who_carried_nothing_has_nothing_on_the_channel(room: DutyRoom) -> None:
    await calls(room, None)
    (present,) = [each for each in (await room.sight()).channels if each.channel.id == each.channel.call]
    assert await carried_by(room.link, present.channel, datetime.now(UTC)) is None

"""The example centre's city, invented from end to end: `python -m gis.example_city DIR` writes its files.

It lies at 39.6 N, 85.4 E, in a desert where nobody lives: no street, station, number or person of it exists. What it
has is what tests and demonstrations need: three districts along a river, areas of four services that cut across each
other (one of them in two pieces), two streets of one name in different districts, house numbers, stations, and
subscribers of every kind. The same program always writes the same files.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis.datum import Datum, LatLon, from_wgs84
from gis.metric import Metres

CENTRE = LatLon(39.6, 85.4)
CITY = "联动示例市"
INVENTED = "An invented city in an uninhabited desert; no place, number or person in this file exists."

Spot = tuple[float, float]
"""Metres east and north of the city's centre."""

# Corners that several cells share; the river runs from R0 in the north to R6 in the south.
_SPOTS: dict[str, Spot] = {
    **{"NW": (-9000, 7000), "SW": (-9000, -7000), "NE": (9000, 7000), "SE": (9000, -7000)},
    **{"R0": (-400, 7000), "R1": (200, 4200), "R2": (-600, 2000), "R3": (300, 0)},
    **{"R4": (900, -1800), "R5": (200, -4300), "R6": (600, -7000)},
    **{"B1": (2500, -400), "B2": (4600, 300), "B3": (6800, -200), "B4": (9000, 100)},
    **{"W0": (-9000, 500), "W1": (-4500, 900), "N0": (5000, 7000), "N1": (4700, 3500)},
    **{"S0": (4300, -7000), "S1": (4900, -3200)},
}
# The six pieces of which every area is made, counter-clockwise.
_CELLS: dict[str, str] = {
    "wn": "W0 W1 R2 R1 R0 NW",
    "ws": "SW R6 R5 R4 R3 R2 W1 W0",
    "nw": "R3 B1 B2 N1 N0 R0 R1 R2",
    "ne": "B2 B3 B4 NE N0 N1",
    "sw": "R6 S0 S1 B2 B1 R3 R4 R5",
    "se": "S0 SE B4 B3 B2 S1",
}
# Service, id, names, cells.
_AREAS: tuple[tuple[str, str, str, str, str], ...] = (
    ("district", "qiming", "启明区", "Qiming District", "wn ws"),
    ("district", "yunfan", "云帆区", "Yunfan District", "nw ne"),
    ("district", "xingye", "星野区", "Xingye District", "sw se"),
    ("police", "police-chenguang", "晨光派出所", "Chenguang Police Station", "wn"),
    ("police", "police-nanwan", "南湾派出所", "Nanwan Police Station", "ws"),
    ("police", "police-yunqiao", "云桥派出所", "Yunqiao Police Station", "nw"),
    ("police", "police-wangshan", "望山派出所", "Wangshan Police Station", "ne"),
    ("police", "police-xinghe", "星河派出所", "Xinghe Police Station", "sw"),
    ("police", "police-dongling", "东岭派出所", "Dongling Police Station", "se"),
    ("fire", "fire-qiming", "启明消防救援站", "Qiming Fire Station", "wn"),
    ("fire", "fire-yunfan", "云帆消防救援站", "Yunfan Fire Station", "nw ne"),
    ("fire", "fire-river", "沿河消防救援站", "Riverside Fire Station", "ws sw"),
    ("fire", "fire-dongling", "东岭消防救援站", "Dongling Fire Station", "se"),
    ("medical", "medical-north", "北区急救站", "North Ambulance Station", "wn nw ne"),
    ("medical", "medical-xinghe", "星河急救站", "Xinghe Ambulance Station", "sw"),
    # In two pieces: its second base stands beyond the river.
    ("medical", "medical-south", "南区急救站", "South Ambulance Station", "ws se"),
)
_STATIONS: dict[str, Spot] = {
    **{"police-chenguang": (-2600, 3060), "police-nanwan": (-2200, -1140), "police-yunqiao": (2100, 1560)},
    **{"police-wangshan": (6700, 1860), "police-xinghe": (2900, -1440), "police-dongling": (6900, -1340)},
    **{"fire-qiming": (-3060, 4800), "fire-yunfan": (3060, 2300), "fire-river": (-660, -2600)},
    **{"fire-dongling": (6560, -3200), "medical-north": (1560, 3400), "medical-xinghe": (2260, -2400)},
    "medical-south": (-1800, -3060),
}


@dataclass(frozen=True, slots=True)
class Street:
    """A straight street whose houses all stand in one cell; odd numbers on its left."""

    name: str
    district: str
    begins: Spot
    north: bool
    """Whether it runs north, else east."""
    length_m: int

    def house(self, number: int) -> Spot:
        """Where a house stands: twenty metres from its neighbour on the same side, eighteen from the middle."""
        along, aside = (number + 1) // 2 * 20, 18 if number % 2 else -18
        x, y = self.begins
        return (x - aside, y + along) if self.north else (x + along, y + aside)


def _streets() -> Iterator[Street]:
    for line in """
        晨光路 启明区 -5000 3000 E 3800; 启明大道 启明区 -5200 4200 E 4600; 学府街 启明区 -3000 2500 N 3500
        梧桐街 启明区 -1800 2600 N 3000; 南湾路 启明区 -5000 -1200 E 4600; 渔歌路 启明区 -4600 -3000 E 4200
        码头街 启明区 -600 -5200 N 4400; 建设路 启明区 -4000 -4500 E 3200; 云桥路 云帆区 600 1500 E 3600
        云帆大道 云帆区 800 2800 E 3500; 钟楼街 云帆区 1500 700 N 4500; 书院街 云帆区 3000 600 N 5000
        望山路 云帆区 5200 1800 E 3200; 矿石路 云帆区 5200 3600 E 3200; 风车街 云帆区 6200 800 N 5000
        沙丘街 云帆区 7600 800 N 5000; 星河路 星野区 1400 -1500 E 3000; 织女路 星野区 1200 -3000 E 3200
        北斗街 星野区 2200 -5500 N 4600; 建设路 星野区 1000 -4500 E 3000; 东岭路 星野区 5400 -1400 E 3200
        工业大道 星野区 5400 -3600 E 3200; 铁匠街 星野区 6500 -5800 N 5000; 仓前街 星野区 7800 -5800 N 5000
    """.replace("\n", ";").split(";"):
        if line.strip():
            name, district, x, y, way, length = line.split()
            yield Street(name, district, (float(x), float(y)), way == "N", int(length))


STREETS = tuple(_streets())
"""Every street of the city."""

_FAMILY = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
_GIVEN = (
    *("桂英", "建国", "秀兰", "志强", "玉梅", "海涛", "丽娟", "国庆", "晓燕", "文斌"),
    *("雪松", "春花", "立新", "红霞", "永福", "佳怡", "浩然", "子涵", "美玲", "德胜"),
)
_TRADES = (
    *("便利店", "药房", "面馆", "五金店", "小学"),
    *("幼儿园", "社区卫生服务站", "招待所", "洗衣店", "书店"),
)
_A_STREET = 10  # subscribers


class _Dice:
    """Numbers that look random and are the same for ever, whatever Python's own generator becomes."""

    def __init__(self) -> None:
        self._state = 20261125

    def below(self, end: int) -> int:
        """From 0 to end - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % end


def place(spot: Spot, metres: Metres) -> LatLon:
    """The place of a spot on the earth, to a tenth of a metre."""
    ((east, north),) = metres.plane([CENTRE])
    at = metres.place(east + spot[0], north + spot[1])
    return LatLon(round(at.lat, 6), round(at.lon, 6))


def areas_geojson() -> str:
    """The file `areas.geojson`: one feature a line."""
    metres = Metres(CENTRE)
    lines = []
    for service, id_, zh, en, cells in _AREAS:
        rings = [[[*_lon_lat(corner, metres)] for corner in ring] for ring in _outline(cells.split())]
        polygons = [[[*ring, ring[0]]] for ring in rings]
        one = len(polygons) == 1
        geometry: dict[str, Any] = {
            "type": "Polygon" if one else "MultiPolygon",
            "coordinates": polygons[0] if one else polygons,
        }
        lines.append(_feature({"service": service, "id": id_, "name": {"zh": zh, "en": en}}, geometry))
    for service, id_, zh, en, _ in _AREAS:
        if id_ in _STATIONS:
            geometry = {"type": "Point", "coordinates": [*_lon_lat(_STATIONS[id_], metres)]}
            lines.append(_feature({"station": service, "id": f"station-{id_}", "name": {"zh": zh, "en": en}}, geometry))
    head = f'{{"type": "FeatureCollection", "description": {json.dumps(INVENTED)}, "features": [\n'
    return head + ",\n".join(lines) + "\n]}\n"


def subscribers_csv() -> str:
    """The file `subscribers.csv`: ten of each street, most of them fixed lines."""
    metres, dice = Metres(CENTRE), _Dice()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("number", "name", "address", "lat", "lon", "datum", "radius_m", "line"))
    fixed, mobile = 55510000, 13800000100
    for street in STREETS:
        numbers: set[int] = set()
        while len(numbers) < _A_STREET:
            numbers.add(1 + dice.below(street.length_m // 10 - 2))
        for index, number in enumerate(sorted(numbers)):
            is_mobile = index == _A_STREET - 1
            trade = index == 0
            name = f"{street.name}{_TRADES[dice.below(len(_TRADES))]}" if trade else _person(dice)
            address = f"{CITY}{street.district}{street.name}{number}号"
            if not trade and number % 3 == 0:
                address += f"{1 + dice.below(6)}单元{1 + dice.below(18)}0{1 + dice.below(4)}室"
            fixed, mobile = (fixed, mobile + 1) if is_mobile else (fixed + 1, mobile)
            at = place(street.house(number), metres)
            # One of a street was copied from a Chinese map, one has never been measured.
            datum = Datum.GCJ02 if index == 4 else Datum.WGS84
            shown = from_wgs84(at, datum)
            degrees = ("", "") if index == 7 else (f"{shown.lat:.6f}", f"{shown.lon:.6f}")
            telephone = str(mobile) if is_mobile else f"0900-{fixed}"
            line = "mobile" if is_mobile else "fixed"
            writer.writerow((telephone, name, address, *degrees, datum.value, 60 if trade else 30, line))
    return out.getvalue()


def _person(dice: _Dice) -> str:
    return _FAMILY[dice.below(len(_FAMILY))] + _GIVEN[dice.below(len(_GIVEN))]


def _outline(cells: Iterable[str]) -> list[list[Spot]]:
    """The rings around some cells: edges that two of them share cancel out, the rest is chained."""
    edges: set[tuple[str, str]] = set()
    for cell in cells:
        corners = _CELLS[cell].split()
        for edge in zip(corners, corners[1:] + corners[:1], strict=True):
            if edge[::-1] in edges:
                edges.remove(edge[::-1])
            else:
                edges.add(edge)
    after = dict(sorted(edges))
    rings = []
    while after:
        corner = next(iter(after))
        ring = []
        while corner in after:
            ring.append(_SPOTS[corner])
            corner = after.pop(corner)
        rings.append(ring)
    return rings


def _lon_lat(spot: Spot, metres: Metres) -> tuple[float, float]:
    at = place(spot, metres)
    return at.lon, at.lat


def _feature(properties: dict[str, Any], geometry: dict[str, Any]) -> str:
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return json.dumps(feature, ensure_ascii=False)


def write(folder: Path) -> None:
    """Write both files."""
    (folder / "areas.geojson").write_text(areas_geojson(), encoding="utf-8")
    (folder / "subscribers.csv").write_text(subscribers_csv(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""The file `subscribers.csv`: what an operator gives, one line of a telephone a row.

    number,name,address,lat,lon,datum,radius_m,line
    0900-55510001,王桂英,联动示例市启明区晨光路12号,39.61234,85.38123,wgs84,30,fixed

Rules:

- The first row names the columns, in any order, in English or Chinese; `number` must be there, and every other one may
  be missing or empty. Columns that nobody knows are refused: a misspelt one would be lost in silence.
- A place needs both `lat` and `lon`. Without `datum` it is in the one that `gis.yaml` says.
- UTF-8 and GB 18030 are told apart by trying: text in one is hardly ever valid in the other.
- Every complaint names the line on which its row begins.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from config.problem import Problem, Refused, nearest, quoted
from gis.datum import Datum, LatLon, to_wgs84
from gis.number import NumberPlan
from gis.numerals import number
from gis.subscriber import LineKind

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("号码", "电话号码", "电话"),
    "name": ("户名", "姓名", "名称"),
    "address": ("地址", "装机地址"),
    "lat": ("纬度",),
    "lon": ("经度",),
    "datum": ("坐标系",),
    "radius_m": ("半径", "误差半径"),
    "line": ("线路类型", "类型"),
}
"""Names of columns, and what else they may be called."""

FIXED_RADIUS_M = 50.0
"""How far from its coordinates a fixed line ends, where the row does not say: a large building and its yard."""
MOST_TEXT = 200
"""Characters of a name or an address."""

_LINES = {"fixed": LineKind.FIXED, "固定": LineKind.FIXED, "固话": LineKind.FIXED} | {
    "mobile": LineKind.MOBILE,
    "移动": LineKind.MOBILE,
    "手机": LineKind.MOBILE,
}
_MARKS = ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))


@dataclass(frozen=True, slots=True)
class Row:
    """One good row."""

    row: int
    """The line on which it begins, from 1."""
    key: str
    name: str
    address: str
    at: LatLon | None
    """WGS-84."""
    datum: Datum
    """In which the place came."""
    radius_m: float
    line: LineKind


class CannotRead(ValueError):
    """The file cannot be read to its end; `problem` says why."""

    code = "gis_cannot_read"

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def rows(path: Path, plan: NumberPlan, datum: Datum) -> Iterator[Row | Problem]:
    """Every row in order, or what is wrong with it; raises CannotRead where nothing more can be read."""
    try:
        with path.open(encoding=_encoding(path), errors="strict", newline="") as stream:
            yield from _rows(stream, path.name, plan, datum)
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise CannotRead(Problem(path.name, 0, 0, "", message, "file_unreadable")) from error
    except UnicodeDecodeError as error:
        message = "neither UTF-8 nor GB 18030 any more: it was changed while it was read"
        raise CannotRead(Problem(path.name, 0, 0, "", message, "encoding")) from error
    except _Stop as stop:
        raise CannotRead(Problem(path.name, stop.line, 0, "", stop.message, stop.code)) from stop


class _Stop(Refused):
    """Reading cannot go on."""

    def __init__(self, code: str, message: str, line: int = 0) -> None:
        super().__init__(code, message)
        self.line = line


def _encoding(path: Path) -> str:
    """Which of both the whole file is in; raises _Stop."""
    with path.open("rb") as stream:
        start = stream.read(4)
    for mark, name in _MARKS:
        if start.startswith(mark):
            raise _Stop("encoding", f"the file is {name}; save it as UTF-8 or GB 18030")
    failed: list[int] = []
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        line = 1
        with path.open("rb") as stream:
            try:
                for piece in stream:
                    decoder.decode(piece)
                    line += 1
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                failed.append(line)
                continue
        return "utf-8-sig" if encoding == "utf-8" else encoding
    # The encoding that got further is the one that was meant.
    raise _Stop("encoding", "neither UTF-8 nor GB 18030", max(failed))


def _rows(stream: TextIO, file: str, plan: NumberPlan, datum: Datum) -> Iterator[Row | Problem]:
    reader = csv.reader(stream, strict=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _Stop("syntax", f"not readable as CSV: {error}", line) from error
        if cells is None:
            if columns is None:
                raise _Stop("file_empty", f"the file is empty; its columns: {', '.join(COLUMNS)}")
            return
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells, line)
            continue
        try:
            if len(cells) != len(columns):
                raise Refused("wrong_cells", f"{len(cells)} cells, where the first row has {len(columns)}")
            named = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
            yield _row(line, named, plan, datum)
        except Refused as refused:
            where = str(refused.path[0]) if refused.path else ""
            yield Problem(file, line, 0, where, refused.message, refused.code, refused.allowed, refused.nearest)


def _columns(cells: list[str], line: int) -> list[str]:
    by_name = {name: column for column, others in COLUMNS.items() for name in (column, *others)}
    columns: list[str] = []
    for cell in cells:
        name = cell.strip().lower()
        if name not in by_name:
            near = nearest(name, by_name)
            meant = f" (did you mean {near}?)" if near else ""
            message = f"the column {quoted(cell)} is unknown; allowed: {', '.join(COLUMNS)}{meant}"
            raise _Stop("unknown_column", message, line)
        if by_name[name] in columns:
            raise _Stop("repeated", f"the column {by_name[name]} stands twice", line)
        columns.append(by_name[name])
    if "number" not in columns:
        raise _Stop("missing_column", "the column number is missing", line)
    return columns


def _row(row: int, cells: Mapping[str, str], plan: NumberPlan, datum: Datum) -> Row:
    key = plan.key(cells["number"])
    if key is None:
        raise Refused("bad_number", f"{quoted(cells['number'])} is no telephone number", path=("number",))
    said = cells.get("line", "").lower()
    if said and said not in _LINES:
        raise Refused("wrong_value", f"got {quoted(said)}", allowed=("fixed", "mobile"), path=("line",))
    line = _LINES[said] if said else LineKind.MOBILE if plan.is_mobile(key) else LineKind.FIXED
    datum = _datum(cells.get("datum", ""), datum)
    at = _place(cells.get("lat", ""), cells.get("lon", ""), datum)
    name, address = _text(cells, "name"), _text(cells, "address")
    if not (name or address or at):
        raise Refused("empty_row", "neither name nor address nor place")
    return Row(row, key, name, address, at, datum, _radius_m(cells.get("radius_m", "")), line)


def _datum(said: str, datum: Datum) -> Datum:
    if not said:
        return datum
    plain = said.lower().replace("-", "").replace(" ", "").replace("_", "")
    if plain not in set(Datum):
        raise Refused("wrong_value", f"got {quoted(said)}", allowed=tuple(Datum), path=("datum",))
    return Datum(plain)


def _place(lat: str, lon: str, datum: Datum) -> LatLon | None:
    if not lat and not lon:
        return None
    degrees: list[float] = []
    for name, text, most in (("lat", lat, 90.0), ("lon", lon, 180.0)):
        value = number(text)
        if value is None or not -most <= value <= most:
            allowed = f"degrees from -{most:g} to {most:g}"
            raise Refused("out_of_range", f"got {quoted(text)}", allowed=(allowed,), path=(name,))
        degrees.append(value)
    if degrees == [0.0, 0.0]:
        raise Refused("null_place", "0, 0 lies in the Atlantic: leave unknown places empty", path=("lat",))
    return to_wgs84(LatLon(*degrees), datum)


def _radius_m(text: str) -> float:
    if not text:
        return FIXED_RADIUS_M
    value = number(text)
    if value is None or not 1.0 <= value <= 100_000.0:
        raise Refused("out_of_range", f"got {quoted(text)}", allowed=("1 to 100000 m",), path=("radius_m",))
    return value


def _text(cells: Mapping[str, str], column: str) -> str:
    text = cells.get(column, "")
    if len(text) > MOST_TEXT or not text.isprintable():
        allowed = f"one line of at most {MOST_TEXT} characters"
        raise Refused("bad_text", f"got {quoted(text)}", allowed=(allowed,), path=(column,))
    return text

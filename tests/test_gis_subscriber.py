"""Subscribers: numbers as keys, an operator's file made into a table, and the table asked."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.datum import Datum, LatLon, from_wgs84
from gis.earth import distance_m
from gis.number import NumberPlan
from gis.subscriber import LineKind, Subscribers, SubscribersUnreadable, about
from gis.subscriber_csv import FIXED_RADIUS_M
from gis.subscriber_import import Imported, import_subscribers, is_current
from tests.gis_places import CENTRE, NOW, patient

PLAN = NumberPlan("86", "900")
HEAD = "number,name,address,lat,lon,datum,radius_m,line\n"
ROW = "0900-55510001,王桂英,启明区晨光路12号,39.6,85.4,,30,fixed\n"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("13800000001", "8613800000001"),
        ("+8613800000001", "8613800000001"),
        ("008613800000001", "8613800000001"),
        ("8613800000001", "8613800000001"),
        ("013800000001", "8613800000001"),
        ("138 0000-0001", "8613800000001"),
        ("55510001", "8690055510001"),
        ("0900-5551 0001", "8690055510001"),
        ("+86 900 55510001", "8690055510001"),
        ("010-85221234", "861085221234"),
        ("+1 (212) 555-0100", "12125550100"),
        ("0012125550100", "12125550100"),
        ("110", "86900110"),
        ("", None),
        ("anonymous", None),
        ("0000", None),
        ("+", None),
        ("１３８", None),
        ("caller-1", None),
        ("9" * 30, None),
    ],
)
def test_the_same_line_is_one_key_however_it_is_written(written: str, key: str | None) -> None:
    assert PLAN.key(written) == key


@patient
@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_mobile_is_one_key_in_every_form(mobile: str) -> None:
    forms = (mobile, f"0{mobile}", f"+86{mobile}", f"0086{mobile}", f"86{mobile}", f"+86-{mobile[:3]} {mobile[3:]}")
    assert {PLAN.key(form) for form in forms} == {f"86{mobile}"}
    assert PLAN.is_mobile(f"86{mobile}")


@patient
@given(st.text(max_size=30))
def test_whatever_is_shown_as_a_number_is_a_key_of_digits_or_none(text: str) -> None:
    key = PLAN.key(text)
    assert key is None or (key.isascii() and key.isdigit() and len(key) <= 15)


def taken(folder: Path, text: str | bytes, *, skip_bad: bool = False, datum: Datum = Datum.WGS84) -> Imported:
    (folder / "s.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_subscribers(folder / "s.csv", folder / "gis" / "s.sqlite", NOW, PLAN, datum, skip_bad=skip_bad)


def told(folder: Path, text: str | bytes) -> list[str]:
    imported = taken(folder, text)
    assert not imported.done
    assert not (folder / "gis" / "s.sqlite").exists()
    assert [*(folder / "gis").iterdir()] == []
    return [f"{problem.file}:{problem.line} {problem.path} {problem.code}" for problem in imported.problems]


def test_a_row_is_found_by_any_form_of_its_number(tmp_path: Path) -> None:
    imported = taken(tmp_path, HEAD + ROW + "13800000001,李建国,,,,,,\n")
    assert (imported.done, imported.rows, imported.bad, imported.problems) == (True, 2, 0, ())
    subscribers = Subscribers(tmp_path / "gis" / "s.sqlite")
    for number in ("0900-55510001", "55510001", "+8690055510001"):
        key = PLAN.key(number)
        assert key is not None
        found = subscribers.find(key)
        assert found is not None
        assert (found.name, found.address, found.at) == ("王桂英", "启明区晨光路12号", CENTRE)
        assert (found.radius_m, found.line, found.imported) == (30.0, LineKind.FIXED, NOW)
    mobile = subscribers.find("8613800000001")
    assert mobile is not None
    assert (mobile.at, mobile.line, mobile.radius_m) == (None, LineKind.MOBILE, FIXED_RADIUS_M)
    assert subscribers.find("8613800000002") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_files_are_read_in_utf_8_and_gb_18030_with_chinese_headings(tmp_path: Path, encoding: str) -> None:
    text = "号码,户名,地址,纬度,经度,坐标系,线路类型\n55510001,王桂英,晨光路12号,39.6,85.4,WGS-84,固定\n"
    assert taken(tmp_path, text.encode(encoding)).rows == 1
    found = Subscribers(tmp_path / "gis" / "s.sqlite").find("8690055510001")
    assert found is not None
    assert (found.name, found.address) == ("王桂英", "晨光路12号")


def test_each_row_has_its_datum_and_the_file_has_one_for_the_others(tmp_path: Path) -> None:
    gcj02, bd09 = from_wgs84(CENTRE, Datum.GCJ02), from_wgs84(CENTRE, Datum.BD09)
    rows = f"55510001,a,,{gcj02.lat},{gcj02.lon},,,\n55510002,b,,{bd09.lat},{bd09.lon},BD-09,,\n"
    assert taken(tmp_path, HEAD + rows, datum=Datum.GCJ02).done
    subscribers = Subscribers(tmp_path / "gis" / "s.sqlite")
    for key, datum in (("8690055510001", Datum.GCJ02), ("8690055510002", Datum.BD09)):
        found = subscribers.find(key)
        assert found is not None
        assert found.at is not None
        assert (found.datum, distance_m(found.at, CENTRE) < 0.3) == (datum, True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD + "\n" + ROW.replace("39.6", "93.6"), "s.csv:3 lat out_of_range"),
        (HEAD + ROW.replace("39.6", "39.6N"), "s.csv:2 lat out_of_range"),
        (HEAD + ROW.replace("85.4", ""), "s.csv:2 lon out_of_range"),
        (HEAD + ROW.replace("39.6,85.4", "0,0"), "s.csv:2 lat null_place"),
        (HEAD + ROW.replace("0900-55510001", "none"), "s.csv:2 number bad_number"),
        (HEAD + ROW.replace("fixed", "fxed"), "s.csv:2 line wrong_value"),
        (HEAD + ROW.replace(",,30", ",wgs72,30"), "s.csv:2 datum wrong_value"),
        (HEAD + ROW.replace(",30,", ",0,"), "s.csv:2 radius_m out_of_range"),
        (HEAD + ROW + "55510001,x,,,,,,\n", "s.csv:3 number repeated"),
        (HEAD + ROW + "55510002,x\n", "s.csv:3  wrong_cells"),
        (HEAD + "55510002,,,,,,,\n", "s.csv:2  empty_row"),
        (HEAD + "55510002," + "长" * 201 + ",,,,,,\n", "s.csv:2 name bad_text"),
        (HEAD + '55510002,"two\nlines",,,,,,\n' + ROW.replace("39.6", "x"), "s.csv:2 name bad_text"),
        (HEAD + '55510002,"two\nlines",,,,,,\n' + ROW.replace("39.6", "x"), "s.csv:4 lat out_of_range"),
        (HEAD + ROW + '55510002,"never ends', "s.csv:3  syntax"),
        (HEAD.replace("name", "nane") + ROW, "s.csv:1  unknown_column"),
        (HEAD.replace("name", "number") + ROW, "s.csv:1  repeated"),
        ("name,address\nx,y\n", "s.csv:1  missing_column"),
        ("", "s.csv:0  file_empty"),
        (HEAD.encode("utf-16"), "s.csv:0  encoding"),
        (HEAD.encode() + b"55510002,\xff\xff,,,,,,\n", "s.csv:2  encoding"),
        (HEAD.encode() + "55510002,王\n".encode() + b"\xff\xff\n", "s.csv:3  encoding"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_keeps_the_old_table(
    tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    assert complaint in told(tmp_path, text)


def test_a_mistake_leaves_the_table_that_was_there(tmp_path: Path) -> None:
    taken(tmp_path, HEAD + ROW)
    assert not taken(tmp_path, HEAD + ROW + "x\n").done
    assert Subscribers(tmp_path / "gis" / "s.sqlite").find("8690055510001") is not None
    assert len([*(tmp_path / "gis").iterdir()]) == 1


def test_bad_rows_can_be_left_out_but_not_what_cannot_be_read(tmp_path: Path) -> None:
    imported = taken(tmp_path, HEAD + ROW + "none,x,,,,,,\n", skip_bad=True)
    assert (imported.done, imported.rows, imported.bad, len(imported.problems)) == (True, 1, 1, 1)
    assert not taken(tmp_path, HEAD + ROW + '55510002,"never ends', skip_bad=True).done
    assert not taken(tmp_path, HEAD + "none,x,,,,,,\n", skip_bad=True).done
    assert not import_subscribers(tmp_path / "missing.csv", tmp_path / "gis" / "t.sqlite", NOW).done


def test_of_very_many_mistakes_the_first_are_told_and_all_counted(tmp_path: Path) -> None:
    imported = taken(tmp_path, HEAD + "none,x,,,,,,\n" * 300)
    assert (imported.bad, len(imported.problems), imported.problems[-1].line) == (300, 100, 101)


def test_a_new_table_is_seen_by_who_asks_already(tmp_path: Path) -> None:
    taken(tmp_path, HEAD + ROW)
    subscribers = Subscribers(tmp_path / "gis" / "s.sqlite")
    assert subscribers.find("8690055510002") is None
    taken(tmp_path, HEAD + ROW + "55510002,b,,,,,,\n")
    assert subscribers.find("8690055510002") is not None


def test_a_table_that_is_missing_or_damaged_is_told_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "gis" / "s.sqlite"
    subscribers = Subscribers(path)
    with pytest.raises(SubscribersUnreadable):
        subscribers.find("1")
    taken(tmp_path, HEAD + ROW)
    assert subscribers.find("8690055510001") is not None
    good = path.read_bytes()
    for bad in (b"", b"not a table" * 100, good[:100] + b"Z" * (len(good) - 100), good[:5000]):
        path.write_bytes(bad)
        with pytest.raises(SubscribersUnreadable):
            subscribers.find("8690055510001")
    path.unlink()
    with pytest.raises(SubscribersUnreadable):
        subscribers.find("8690055510001")
    path.write_bytes(good)
    assert subscribers.find("8690055510001") is not None


def test_a_table_of_another_form_is_not_read(tmp_path: Path) -> None:
    taken(tmp_path, HEAD + ROW)
    path = tmp_path / "gis" / "s.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE about SET value = '99' WHERE key = 'version'")
    connection.close()
    with pytest.raises(SubscribersUnreadable, match="version 99"):
        Subscribers(path).find("8690055510001")
    assert not is_current(tmp_path / "s.csv", path, PLAN)


def test_it_is_known_whether_a_table_is_that_of_the_file_and_its_settings(tmp_path: Path) -> None:
    taken(tmp_path, HEAD + ROW)
    csv, table = tmp_path / "s.csv", tmp_path / "gis" / "s.sqlite"
    assert is_current(csv, table, PLAN)
    assert not is_current(csv, table, NumberPlan("86", "10"))
    assert not is_current(csv, table, PLAN, Datum.GCJ02)
    csv.write_text(HEAD + ROW + "\n")
    assert not is_current(csv, table, PLAN)
    assert about(table)["rows"] == "1"


def test_an_old_import_says_how_old_it_is(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(HEAD + ROW)
    before = NOW - timedelta(days=400)
    import_subscribers(tmp_path / "s.csv", tmp_path / "t.sqlite", before, PLAN)
    found = Subscribers(tmp_path / "t.sqlite").find("8690055510001")
    assert found is not None
    assert found.imported == before


class Meanwhile(NumberPlan):
    """The first number that is read is the moment at which something happens to the file."""

    def happens(self, what: Callable[[], object]) -> "Meanwhile":
        object.__setattr__(self, "what", what)
        return self

    def key(self, number: str) -> str | None:
        self.what()
        return super().key(number)


def test_a_file_that_becomes_another_one_while_it_is_read_is_taken_again(tmp_path: Path) -> None:
    csv, table = tmp_path / "s.csv", tmp_path / "s.sqlite"
    csv.write_text(HEAD + ROW)
    plan = Meanwhile("86", "900").happens(lambda: csv.write_text(HEAD + ROW.replace("0001", "0002")))
    assert import_subscribers(csv, table, NOW, plan).done
    assert not is_current(csv, table, PLAN)
    assert import_subscribers(csv, table, NOW, PLAN).done
    assert is_current(csv, table, PLAN)
    assert Subscribers(table).find("8690055510002") is not None


def test_a_file_that_is_no_text_any_more_while_it_is_read_is_told_and_keeps_the_old_table(tmp_path: Path) -> None:
    csv, table = tmp_path / "s.csv", tmp_path / "s.sqlite"
    csv.write_text(HEAD + "".join(f"5551{n:04d},王,,,,,,\n" for n in range(10_000)))
    size = csv.stat().st_size

    def spoil() -> None:
        with csv.open("rb+") as stream:
            stream.seek(size // 2)
            stream.write(b"\xff\xff")

    imported = import_subscribers(csv, table, NOW, Meanwhile("86", "900").happens(spoil))
    assert (imported.done, [each.code for each in imported.problems]) == (False, ["encoding"])
    assert not table.exists()


@patient
@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_whatever_the_file_holds_it_is_taken_or_told(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    for text in (body, HEAD.encode() + body):
        imported = taken(folder, text)
        assert imported.done or imported.problems or not imported.rows


def test_a_place_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    taken(tmp_path, HEAD + "55510001,x,,39.1234567,85.7654321,,,\n")
    found = Subscribers(tmp_path / "gis" / "s.sqlite").find("8690055510001")
    assert found is not None
    assert found.at == LatLon(39.1234567, 85.7654321)

"""The channel event log is read whole, however it is cut, torn, forged, rotated or deleted, and no row twice."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony import trail as trails
from telephony.cel import ROW_MAX, ChannelEvent, Reader, rows_in
from telephony.trail import Place, Trail

RECORDED = (Path(__file__).parent / "recorded_cel.csv").read_bytes()
ROWS = RECORDED.splitlines(keepends=True)
WHOLE = rows_in(RECORDED)
EVENTS = [event for _, event in WHOLE.events]


def pieces(cuts: list[int], data: bytes) -> Iterator[bytes]:
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:end]


def read_in(parts: Iterator[bytes], path: Path) -> list[ChannelEvent]:
    """What a reader reads that looks after each part was written."""
    path.write_bytes(b"")
    reader, events = Reader(path), []
    for part in parts:
        with path.open("ab") as file:
            file.write(part)
        events += reader.read()
    assert reader.senseless == 0
    return events


# Rows.


def test_the_recorded_day_is_read_whole() -> None:
    assert (len(EVENTS), WHOLE.used, WHOLE.senseless) == (len(EVENTS), len(RECORDED), 0)
    lines = sum(1 for row in ROWS if row.startswith(b'"1'))
    assert len(EVENTS) == lines


def test_a_caller_who_writes_rows_into_his_number_writes_none() -> None:
    forged = [row for row in ROWS if not row.startswith(b'"1')]
    assert len(forged) >= 3  # what two callers made of a line end, as Asterisk has written it down
    assert [row for row in forged if row.startswith(b"1795598508.000000,CHAN_END,")]
    assert [row for row in forged if row.startswith(b'""1795598508.000000"",""CHAN_END"",')]
    assert not [event for event in EVENTS if event.channel == "liandong-1.1"]
    for start in range(len(ROWS)):  # wherever a reader begins
        assert not [
            event for _, event in rows_in(b"".join(ROWS[start : start + 8])).events if event.channel == "liandong-1.1"
        ]


def test_cut_at_every_byte_the_rows_are_the_same(tmp_path: Path) -> None:
    begin = RECORDED.index(b"\n1795598508.000000,CHAN_END") - 1000
    sample = RECORDED[RECORDED.index(b'\n"1', begin) + 1 :][:3500]
    assert b'\n""1795598508.000000"",' in sample
    expected = [event for _, event in rows_in(sample).events]
    assert len(expected) > 10
    for cut in range(len(sample)):
        first = rows_in(sample[:cut])
        rest = rows_in(sample[first.used :])
        assert [event for _, event in (*first.events, *rest.events)] == expected, cut
        assert first.senseless == rest.senseless == 0
    assert (
        read_in((bytes([byte]) for byte in sample[:1500]), tmp_path / "cel.csv")
        == expected[: len(rows_in(sample[:1500]).events)]
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, len(RECORDED)), max_size=12))
def test_however_it_is_cut_into_reads_the_rows_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    assert read_in(pieces(sorted(cuts), RECORDED), folder / "cel.csv") == EVENTS


def test_a_row_is_read_as_soon_as_its_line_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "cel.csv"
    reader = Reader(path)
    assert reader.read() == []  # there is none yet
    path.write_bytes(ROWS[0] + ROWS[1][:-1])
    assert reader.read() == EVENTS[:1]
    path.write_bytes(ROWS[0] + ROWS[1] + ROWS[2][:7])
    assert reader.read() == EVENTS[1:2]
    path.write_bytes(b"".join(ROWS[:3]))
    assert reader.read() == EVENTS[2:3]


def test_what_a_full_disk_left_of_a_row_spoils_no_other_one() -> None:
    for cut in range(1, len(ROWS[1]) - 1):
        torn = rows_in(ROWS[0] + ROWS[1][:cut] + b"".join(ROWS[2:5]))
        assert [event for _, event in torn.events] == [EVENTS[0], *EVENTS[2:5]], cut


def test_what_a_power_cut_left_spoils_no_row() -> None:
    data = ROWS[0] + bytes(512) + ROWS[1] + b"\xff" * 100 + b"\n" + ROWS[2]
    assert [event for _, event in rows_in(data).events] == EVENTS[:3]


def test_a_row_without_an_end_is_given_up_and_the_next_one_is_read() -> None:
    endless = ROWS[0][:-1].replace(b'"",""', b'"') + b"x" * (ROW_MAX + 10)
    found = rows_in(endless)
    assert (found.events, found.used, found.senseless) == ((), len(endless), 1)
    assert [event for _, event in rows_in(b"xxx\n" + ROWS[1]).events] == [EVENTS[1]]


@given(st.binary(max_size=400))
def test_no_bytes_can_break_it(data: bytes) -> None:
    found = rows_in(data)
    assert found.used <= len(data)
    assert next(event for _, event in rows_in(ROWS[0] + data + b"\n" + ROWS[1]).events) == EVENTS[0]


@given(st.lists(st.sampled_from([b'"', b",", b"\n", b"\0", b'"1795598508.000000","', b'""', b"x", ROWS[0], ROWS[1]])))
def test_no_mixture_of_rows_and_rubbish_makes_an_event_that_asterisk_did_not_write(parts: list[bytes]) -> None:
    assert {event for _, event in rows_in(b"".join(parts)).events} <= {EVENTS[0], EVENTS[1]}


# The trail.


class Log:
    """A log in a folder, and what was read of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "cel.csv"
        self.trail = Trail(self.path)
        self.read: list[ChannelEvent] = []

    def write(self, rows: list[bytes]) -> None:
        with self.path.open("ab") as file:
            file.write(b"".join(rows))

    def look(self) -> list[ChannelEvent]:
        """Read to the end; all that was read ever."""
        while rows := self.trail.read():
            self.read += [row.event for row in rows]
        assert self.trail.ended
        return self.read

    def come_again(self) -> None:
        """The process died; another one begins at the kept place."""
        self.trail.close()
        self.trail = Trail(self.path, self.trail.place)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def plain(first: int, last: int) -> list[bytes]:
    """Rows of one line each, from the recording."""
    rows = ROWS[first:last]
    assert all(row.startswith(b'"1') for row in rows)
    return rows


FIRST, SECOND, THIRD = plain(0, 100), plain(100, 200), plain(200, 300)
ALL = EVENTS[:300]


def test_a_log_that_is_not_there_yet_is_empty(log: Log) -> None:
    assert log.look() == []
    log.write(FIRST)
    assert log.look() == EVENTS[:100]


def test_every_place_leads_back_to_its_row(log: Log) -> None:
    log.write(FIRST)
    for row in log.trail.read():
        assert Trail(log.path, row.place).read()[0].event == row.event


def test_whoever_skips_reads_what_comes_later_also_when_the_log_is_rotated_meanwhile(log: Log) -> None:
    log.trail.skip()  # there is none yet
    log.write(FIRST)
    assert log.look() == EVENTS[:100]
    log.write(SECOND[:50])
    log.trail.skip()
    log.write(SECOND[50:])
    log.path.rename(log.path.with_name("cel.csv.1"))
    log.write(THIRD)
    assert log.look() == [*EVENTS[:100], *EVENTS[150:300]]


def test_a_long_log_is_read_in_pieces(log: Log) -> None:
    log.write(ROWS * 5)
    rows = log.trail.read()
    assert 0 < len(rows) < 2 * trails.PIECE / 150
    assert not log.trail.ended
    assert log.look() == EVENTS[len(rows) :] + EVENTS * 4


@pytest.mark.parametrize("again", [False, True], ids=["goes on", "died meanwhile"])
@pytest.mark.parametrize("read_before", [False, True], ids=["unread", "half read"])
def test_a_log_that_is_rotated_by_renaming_is_read_to_its_end(log: Log, again: bool, read_before: bool) -> None:
    log.write(FIRST)
    log.look()
    log.write(SECOND)
    if read_before:
        log.look()
    log.path.rename(log.path.with_name("cel.csv.1"))
    if again:
        log.come_again()
    assert log.look() == EVENTS[:200]
    log.write(THIRD)
    assert log.look() == ALL


@pytest.mark.parametrize("again", [False, True], ids=["goes on", "died meanwhile"])
def test_a_log_that_is_rotated_by_copying_is_read_to_its_end(log: Log, again: bool) -> None:
    log.write(FIRST)
    log.look()
    log.write(SECOND)
    shutil.copy(log.path, log.path.with_name("cel.csv.1"))
    os.truncate(log.path, 0)
    if again:
        log.come_again()
    log.write(THIRD)
    assert log.look() == ALL


def test_a_log_that_is_rotated_many_times_while_nobody_reads_is_read_in_order(log: Log) -> None:
    log.write(FIRST[:50])
    log.look()
    log.write(FIRST[50:])
    log.path.rename(log.path.with_name("cel.csv.2"))
    log.write(SECOND)
    log.path.rename(log.path.with_name("cel.csv.1"))
    log.write(THIRD)
    log.come_again()
    assert log.look() == ALL


def test_what_was_compressed_is_gone_and_the_rest_is_read(log: Log) -> None:
    log.write(FIRST)
    log.look()
    log.path.rename(log.path.with_name("cel.csv.1"))
    log.write(SECOND)
    log.path.with_name("cel.csv.1").rename(log.path.with_name("cel.csv.1.gz"))
    log.come_again()
    assert log.look() == EVENTS[:200]


def test_a_log_that_is_cut_and_begun_anew_is_read_from_its_beginning(log: Log) -> None:
    log.write(FIRST[:5])
    log.look()
    os.truncate(log.path, 0)
    assert log.look() == EVENTS[:5]
    log.write(SECOND)  # longer than the old one was, at once
    assert log.look() == [*EVENTS[:5], *EVENTS[100:200]]


def test_a_log_that_is_deleted_is_read_to_its_end_and_the_next_one_from_its_beginning(log: Log) -> None:
    log.write(FIRST)
    log.look()
    log.write(SECOND)
    log.path.unlink()
    assert log.look() == EVENTS[:200]
    log.write(THIRD)
    assert log.look() == ALL


def test_a_copy_that_somebody_made_is_not_read_twice(log: Log) -> None:
    log.write(FIRST)
    log.look()
    shutil.copy(log.path, log.path.with_name("cel.csv.bak"))
    log.write(SECOND)
    log.come_again()
    assert log.look() == EVENTS[:200]


def test_files_whose_times_run_backwards_are_read_all_the_same(log: Log) -> None:
    log.write(THIRD)
    log.look()
    log.path.rename(log.path.with_name("cel.csv.1"))
    log.write(FIRST)  # the clock was put back
    assert log.look() == [*EVENTS[200:300], *EVENTS[:100]]


def test_half_a_row_at_the_end_of_a_file_holds_up_nobody(log: Log) -> None:
    log.write([*FIRST, SECOND[0][:40]])
    log.look()
    log.path.rename(log.path.with_name("cel.csv.1"))
    log.write(SECOND)
    assert log.look() == EVENTS[:200]


def test_a_place_beyond_the_end_begins_anew(log: Log) -> None:
    log.write(FIRST)
    log.trail = Trail(log.path, Place(ROWS[0][:64].decode("latin-1"), 10**9))
    assert log.look() == EVENTS[:100]


def test_whatever_is_done_to_the_log_no_row_is_lost_and_none_is_read_twice(tmp_path: Path) -> None:
    for seed in range(150):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        log = Log(folder)
        written = 0
        while written < 300:
            match chance.choice(["write", "write", "look", "piece", "rename", "come again"]):
                case "write":
                    more = chance.randint(1, 40)
                    log.write(ROWS[written : written + more])
                    written += more
                case "look":
                    log.look()
                case "piece":
                    log.read += [row.event for row in log.trail.read()]
                case "rename" if log.path.exists():
                    for number in range(9, 0, -1):
                        older = folder / f"cel.csv.{number}"
                        if older.exists():
                            older.rename(folder / f"cel.csv.{number + 1}")
                    log.path.rename(folder / "cel.csv.1")
                case "come again":
                    log.come_again()
        log.write(ROWS[written:400])
        assert log.look() == EVENTS[: len(log.read)], seed
        assert len(log.read) == 400, seed

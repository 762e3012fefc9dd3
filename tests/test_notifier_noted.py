"""How calls to duty lines ended, as the channel event log has it: rows that are forged, cut and rotated included."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.edge import noted
from dispatch.edge.noted import Noted
from dispatch.outcome import Outcome
from telephony import cel
from telephony.cel import rows_in

RECORDED = (Path(__file__).parent / "recorded_cel.csv").read_bytes()
CHANNELS = sorted({event.channel for _, event in rows_in(RECORDED).events})

FIRST, SECOND = "4f0c.fire.1-1", "4f0c.fire.1-2"


def row(kind: str, attempt: str = FIRST, *, cause: int | None = None, number: str = "13800000001") -> str:
    """A row as Asterisk writes it."""
    extra = "" if cause is None else f'{{"hangupcause":{cause},"hangupsource":"","dialstatus":""}}'
    fields = (
        "1795602549.041604",
        kind,
        attempt,
        attempt,
        "PJSIP/city-00000000",
        number,
        "s",
        "department",
        "",
        "",
        extra,
    )
    return ",".join('"' + field.replace('"', '""') + '"' for field in fields) + "\n"


def call(attempt: str = FIRST, *, accepted: bool = False, cause: int = 16) -> str:
    """All rows of a call."""
    kinds = ("CHAN_START", *(("ANSWER",) if accepted else ()))
    return (
        "".join(row(kind, attempt) for kind in kinds) + row("HANGUP", attempt, cause=cause) + row("CHAN_END", attempt)
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def ends(log: Path, *attempts: str) -> dict[str, Outcome]:
    return dict(asyncio.run(Noted(log).of(attempts or (FIRST, SECOND))))


@pytest.mark.parametrize(
    ("accepted", "cause", "meant"),
    [
        (True, 16, Outcome.HUNG_UP),
        (True, 17, Outcome.HUNG_UP),
        (False, 17, Outcome.BUSY),
        (False, 21, Outcome.REJECTED),
        (False, 19, Outcome.NO_ANSWER),
        (False, 34, Outcome.FAILED),
        (False, 16, Outcome.FAILED),
    ],
)
def test_a_call_came_to_what_its_rows_say(log: Path, accepted: bool, cause: int, meant: Outcome) -> None:
    log.write_text(call(accepted=accepted, cause=cause))
    assert ends(log) == {FIRST: meant}


def test_a_call_that_is_not_over_has_no_end(log: Path) -> None:
    log.write_text(row("CHAN_START") + row("ANSWER") + call(SECOND, cause=17))
    assert ends(log) == {SECOND: Outcome.BUSY}


def test_of_a_call_whose_hang_up_is_missing_its_end_counts(log: Path) -> None:
    log.write_text(
        row("CHAN_START") + row("ANSWER") + row("CHAN_END") + row("CHAN_START", SECOND) + row("CHAN_END", SECOND)
    )
    assert ends(log) == {FIRST: Outcome.HUNG_UP, SECOND: Outcome.NO_ANSWER}


def test_only_those_are_told_that_were_asked_for(log: Path) -> None:
    log.write_text(call(cause=17) + call(SECOND, cause=21))
    assert ends(log, SECOND) == {SECOND: Outcome.REJECTED}


def test_no_log_tells_nothing(log: Path) -> None:
    assert ends(log) == {}
    assert ends(log.parent / "no" / "such" / "folder" / "cel.csv") == {}


def test_a_log_that_cannot_be_read_says_so(log: Path) -> None:
    log.mkdir()
    with pytest.raises(OSError, match="directory"):
        ends(log)


@pytest.mark.parametrize("number", [call(accepted=True), call(accepted=True).replace('"', '""'), f'1"\n{call()}'])
def test_rows_that_a_caller_writes_into_his_number_tell_nothing(log: Path, number: str) -> None:
    log.write_text(row("CHAN_START", "a.1", number=number) + row("HANGUP", "a.1", cause=16, number=number))
    assert ends(log) == {}
    log.write_text(row("CHAN_START", "a.1", number=number) + call(cause=17))
    assert ends(log) == {FIRST: Outcome.BUSY}


@pytest.mark.parametrize("junk", ["\0" * 4096, '"', '"1795602549.0416', "}{,\n", '"x","HANGUP"\n', "\xff\n" * 100])
def test_what_a_full_disk_left_spoils_no_other_row(log: Path, junk: str) -> None:
    log.write_bytes(call(cause=17).encode() + junk.encode("latin-1") + call(SECOND, cause=21).encode())
    assert ends(log) == {FIRST: Outcome.BUSY, SECOND: Outcome.REJECTED}


def test_a_row_that_is_only_half_written_is_none_yet(log: Path) -> None:
    whole = row("CHAN_START") + row("ANSWER") + row("HANGUP", cause=16)
    for size in range(len(row("CHAN_START") + row("ANSWER")), len(whole)):
        log.write_text(whole[:size])
        assert ends(log) == {}
    log.write_text(whole)
    assert ends(log) == {FIRST: Outcome.HUNG_UP}


def test_causes_that_make_no_sense_are_no_reason_to_stop(log: Path) -> None:
    for extra in ("[]", "null", "17", '{"hangupcause":"17"}', '{"hangupcause":null}', "{", "[" * 500):
        log.write_text(row("HANGUP").replace('""\n', '"' + extra.replace('"', '""') + '"\n'))
        assert ends(log) == {FIRST: Outcome.NO_ANSWER}


def test_only_the_newest_part_of_a_long_log_is_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noted, "BACK_BYTES", 4096)
    others = "".join(call(f"4f0c.gas.1-{number}") for number in range(50))
    log.write_text(call(cause=17) + others + call(SECOND, cause=21))
    assert ends(log) == {SECOND: Outcome.REJECTED}


@pytest.mark.parametrize("name", ["cel.csv.1", "cel.csv-20261125"])
def test_a_call_that_ended_just_before_the_log_was_rotated_is_found(log: Path, name: str) -> None:
    old = log.with_name(name)
    log.write_text(row("CHAN_START") + row("ANSWER") + call(SECOND, cause=17))
    log.rename(old)
    assert ends(log) == {SECOND: Outcome.BUSY}
    log.write_text(row("HANGUP", cause=16))
    assert ends(log) == {FIRST: Outcome.HUNG_UP, SECOND: Outcome.BUSY}


def test_of_older_logs_only_the_last_one_is_read_and_a_packed_one_is_no_trouble(log: Path) -> None:
    log.with_name("cel.csv.2.gz").write_bytes(gzip.compress(call(cause=21).encode()))
    os.utime(log.with_name("cel.csv.2.gz"), (1, 1))
    log.with_name("cel.csv.1").write_text(call(cause=17))
    log.write_text(call(SECOND, cause=21))
    assert ends(log) == {FIRST: Outcome.BUSY, SECOND: Outcome.REJECTED}
    log.with_name("cel.csv.1").unlink()
    assert ends(log) == {SECOND: Outcome.REJECTED}


def test_a_log_that_was_cut_and_begun_anew_is_read_as_it_is(log: Path) -> None:
    log.write_text("".join(call(f"4f0c.gas.1-{number}") for number in range(50)))
    assert ends(log, FIRST) == {}
    log.write_text(call(cause=17))
    assert ends(log, FIRST) == {FIRST: Outcome.BUSY}


@given(
    st.integers(0, len(RECORDED)),
    st.integers(0, 400),
    st.binary(max_size=40),
    st.sets(st.sampled_from([*CHANNELS, FIRST]), max_size=4),
)
def test_whoever_asks_about_some_channels_gets_of_a_damaged_log_what_all_its_rows_tell_of_them(
    at: int, lost: int, junk: bytes, channels: set[str]
) -> None:
    damaged = RECORDED[:at] + junk + RECORDED[at + lost :]
    every, some = rows_in(damaged), rows_in(damaged, channels)
    assert some.events == tuple(each for each in every.events if each[1].channel in channels)
    assert some.used == every.used


def test_rows_of_other_channels_are_not_taken_apart(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_text("".join(call(f"4f0c.gas.1-{number}") for number in range(100)) + call(cause=17))
    taken_apart: list[bytes] = []
    event = cel._event

    def counted(row: bytes) -> cel.ChannelEvent | None:
        taken_apart.append(row)
        return event(row)

    monkeypatch.setattr(cel, "_event", counted)
    assert ends(log, FIRST) == {FIRST: Outcome.BUSY}
    assert len(taken_apart) == 3


def test_nothing_is_read_for_nobody(tmp_path: Path) -> None:
    assert asyncio.run(Noted(tmp_path).of([])) == {}, "a folder cannot be read"

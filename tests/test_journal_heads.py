"""Signed heads and their key: when they are signed, where they lie, and who may read the key."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from journal import BadKey, Journal, Places, PublicKey, Refusal, Report, read_engine, verify
from journal.head import SignedHead
from journal.heads_file import HeadsFile, read_lines
from journal.key import SigningKey
from journal.tables import signed_heads
from tests.journal_places import REGISTRY, WAIT_S, Clock, draft, until

pytest_plugins = ["tests.journal_fixtures"]


def record(journal: Journal, number: int) -> None:
    submitted = journal.submit(lambda unit: unit.record(draft(number)))
    assert not isinstance(submitted, Refusal)
    submitted.result(WAIT_S)
    # The seal comes after the answer; the next work's answer comes after the seal.
    after = journal.submit(lambda unit: None)
    assert not isinstance(after, Refusal)
    after.result(WAIT_S)


def sealed(journal: Journal) -> list[int]:
    with journal.reader.connect() as connection:
        return list(connection.scalars(select(signed_heads.c.sequence).order_by(signed_heads.c.sequence)))


def filed(places: Places) -> list[int]:
    return [SignedHead.from_line(each).sequence for each in read_lines(places.heads_file)]


def checked(places: Places) -> Report:
    engine = read_engine(places.url)
    try:
        return verify(engine, PublicKey.load(places.public_key), places.heads_file)
    finally:
        engine.dispose()


def test_a_head_is_signed_with_the_first_fact_and_then_every_ten_seconds(
    opened: Journal, places: Places, clock: Clock
) -> None:
    record(opened, 0)
    for number in range(1, 25):
        clock.wind(1)
        record(opened, number)
    assert sealed(opened) == [1, 11, 21]
    assert filed(places) == [1, 11, 21]


def test_the_last_facts_are_sealed_without_a_next_one(opened: Journal, places: Places, clock: Clock) -> None:
    record(opened, 0)
    record(opened, 1)
    assert sealed(opened) == [1]
    clock.wind(10)
    until(lambda: filed(places) == [1, 2])
    assert sealed(opened) == [1, 2]


def test_without_facts_nothing_is_signed(opened: Journal, places: Places, clock: Clock) -> None:
    clock.wind(100)
    opened.submit(lambda unit: None)
    opened.close()
    assert filed(places) == []
    assert checked(places).sound


def test_a_clock_that_steps_back_seals_at_once_and_changes_no_order(
    opened: Journal, places: Places, clock: Clock
) -> None:
    for number, step in enumerate((0, 1, -3600, 1, 1)):
        clock.wind(step)
        record(opened, number)
    assert sealed(opened) == [1, 3]
    opened.close()
    report = checked(places)
    assert report.sound and report.signed == report.facts == 5


def test_closing_seals_everything(opened: Journal, places: Places) -> None:
    for number in range(7):
        record(opened, number)
    opened.close()
    report = checked(places)
    assert report.sound and report.signed == 7
    assert filed(places)[-1] == 7


def test_a_heads_file_that_can_not_be_written_is_told_and_caught_up_later(
    opened: Journal, places: Places, clock: Clock
) -> None:
    places.heads_file.mkdir()
    for number in range(3):
        clock.wind(10)
        record(opened, number)
    trouble = opened.status().heads_trouble
    assert trouble is not None and "directory" in trouble
    assert sealed(opened) == [1, 2, 3]
    places.heads_file.rmdir()
    clock.wind(10)
    record(opened, 3)
    assert opened.status().heads_trouble is None
    assert filed(places) == [1, 2, 3, 4]


def test_a_line_that_a_crash_tore_is_written_again(places: Places, clock: Clock) -> None:
    for number in range(2):
        journal = Journal.open(places, REGISTRY, clock=clock)
        record(journal, number)
        journal.close()
    whole = places.heads_file.read_bytes()
    places.heads_file.write_bytes(whole[:-100])
    journal = Journal.open(places, REGISTRY, clock=clock)
    record(journal, 2)
    journal.close()
    assert filed(places) == [1, 2, 3]
    assert places.heads_file.read_bytes().startswith(whole)
    assert checked(places).sound


def test_the_last_head_of_a_file_is_known_whatever_its_end(tmp_path: Path) -> None:
    file = HeadsFile(tmp_path / "heads")
    assert file.last() == 0
    (tmp_path / "heads").write_bytes(b"{torn")
    assert file.last() == 0


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = SigningKey.load_or_make(tmp_path / "head")
    second = SigningKey.load_or_make(tmp_path / "head")
    assert first.public.name == second.public.name
    assert stat.S_IMODE((tmp_path / "head").stat().st_mode) == 0o600
    public = PublicKey.load(tmp_path / "head.pub")
    assert public.verifies("text", first.sign("text"))
    assert not public.verifies("text!", first.sign("text"))
    assert not public.verifies("text", first.sign("text").upper())
    assert not public.verifies("text", "no signature")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["head", "head.pub"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    SigningKey.load_or_make(tmp_path / "head")
    (tmp_path / "head").chmod(mode)
    with pytest.raises(BadKey) as caught:
        SigningKey.load_or_make(tmp_path / "head")
    assert caught.value.code == "journal_bad_key"


def test_a_key_behind_a_link_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    SigningKey.load_or_make(tmp_path / "head")
    os.symlink(tmp_path / "head", tmp_path / "link")
    with pytest.raises(OSError):
        SigningKey.load_or_make(tmp_path / "link")
    (tmp_path / "text").write_text("no key")
    (tmp_path / "text").chmod(0o600)
    with pytest.raises(BadKey):
        SigningKey.load_or_make(tmp_path / "text")
    with pytest.raises(BadKey):
        PublicKey.load(tmp_path / "text")
    with pytest.raises(BadKey):
        PublicKey.load(tmp_path / "head")

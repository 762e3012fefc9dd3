"""Signed history: whatever anybody does to it is found."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from journal import (
    Fault,
    Journal,
    Places,
    PublicKey,
    Report,
    read_engine,
    sqlite_url,
    verify,
)
from journal.chain import link
from journal.key import SigningKey
from tests.journal_places import REGISTRY, START, Clock, draft

pytest_plugins = ["tests.journal_fixtures"]

FACTS = 60
DAMAGES = 1_000
SEED = 20261123


@dataclass
class Copy:
    """A journal to be tampered with, and its heads file."""

    database: Path
    heads: Path
    key: PublicKey

    engine: Engine
    """Kept from one tampering to the next: what it has compiled makes a verification twice as fast."""

    def report(self) -> Report:
        try:
            return verify(self.engine, self.key, self.heads)
        finally:
            self.engine.dispose()

    def restore(self, original: Copy) -> None:
        """As nobody has touched it."""
        shutil.copy(original.database, self.database)
        shutil.copy(original.heads, self.heads)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """60 facts, a head signed after every fifth, some personal data erased; all of it signed at the end."""
    folder = tmp_path_factory.mktemp("history")
    places = Places(sqlite_url(folder / "journal.db"), folder / "spool", folder / "head")
    clock = Clock()
    journal = Journal.open(places, REGISTRY, clock=clock)
    for number in range(FACTS - 1):
        if number % 5 == 0:
            clock.wind(10)
        submitted = journal.submit(lambda unit, number=number: unit.record(draft(number, personal=number % 3 > 0)))
        submitted.result(10)
        if number == 30:
            journal.submit(lambda unit: unit.erase([2, 3, 5, 6], "test", START)).result(10)
    journal.close()
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return Copy(folder / "journal.db", places.heads_file, PublicKey.load(places.public_key), read_engine(places.url))


@pytest.fixture
def copy(original: Copy, tmp_path: Path) -> Copy:
    database = tmp_path / "copy.db"
    made = Copy(database, tmp_path / "copy.heads", original.key, read_engine(sqlite_url(database)))
    made.restore(original)
    return made


@contextmanager
def tampering(copy: Copy) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(copy.database)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        with connection:
            yield connection


def change(copy: Copy, *statements: str) -> None:
    """Tamper with the database."""
    with tampering(copy) as connection:
        for each in statements:
            assert connection.execute(each).rowcount != 0, each


def first(copy: Copy) -> tuple[int, Fault]:
    found = copy.report().first
    assert found is not None
    return found.sequence, found.fault


def test_history_that_nobody_touched_is_sound(original: Copy) -> None:
    report = original.report()
    assert report.findings == ()
    assert (report.sound, report.facts, report.last, report.signed, report.erased) == (True, 60, 60, 60, 4)


@pytest.mark.parametrize(
    ("statement", "sequence", "fault"),
    [
        ("UPDATE facts SET text = replace(text, '\"number\":16', '\"number\":61') WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET hash = 'x' WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET previous = hash WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET time = '2020' WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET type = 'SeatPaused' WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET id = 'other' WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET text = x'00ff' WHERE sequence = 17", 17, "edited"),
        ("UPDATE facts SET text = cast(x'22ff22' AS TEXT) WHERE sequence = 17", 17, "edited"),
        ("DELETE FROM facts WHERE sequence = 17", 17, "removed"),
        ("DELETE FROM facts WHERE sequence BETWEEN 17 AND 30", 17, "removed"),
        ("DELETE FROM facts WHERE sequence = 1", 1, "removed"),
        ("DELETE FROM facts WHERE sequence > 40", 41, "truncated"),
        ("DELETE FROM facts", 1, "truncated"),
        ("INSERT INTO facts SELECT 0, 'more', type, time, text, previous, hash FROM facts LIMIT 1", 0, "inserted"),
        ("UPDATE fact_personal SET text = '{}' WHERE sequence = 18", 18, "personal_edited"),
        ("UPDATE fact_personal SET salt = '' WHERE sequence = 18", 18, "personal_edited"),
        ("DELETE FROM fact_personal WHERE sequence = 18", 18, "personal_missing"),
        ("INSERT INTO fact_personal VALUES (3, 's', '{}')", 3, "personal_edited"),
        ("INSERT INTO fact_personal VALUES (19, 's', '{}')", 19, "personal_edited"),
        ("INSERT INTO fact_personal VALUES (99, 's', '{}')", 99, "inserted"),
        ("DELETE FROM fact_subjects WHERE sequence = 20 AND kind = 'call'", 20, "edited"),
        ("INSERT INTO fact_subjects VALUES ('call', 'x', 20)", 20, "edited"),
        ("UPDATE signed_heads SET text = text || ' ' WHERE sequence = 21", 21, "head_edited"),
        ("UPDATE signed_heads SET signature = upper(signature) WHERE sequence = 21", 21, "head_edited"),
        ("DELETE FROM signed_heads WHERE sequence = 21", 21, "head_removed"),
        ("DELETE FROM signed_heads", 1, "head_removed"),
        ("UPDATE journal_head SET sequence = 59", 60, "head_edited"),
        ("UPDATE journal_head SET hash = 'x'", 60, "head_edited"),
        ("UPDATE journal_head SET journal = 'x'", 1, "edited"),
        ("DELETE FROM journal_head", 1, "edited"),
    ],
)
def test_a_change_is_found_where_it_was_made(copy: Copy, statement: str, sequence: int, fault: str) -> None:
    change(copy, statement)
    assert first(copy) == (sequence, Fault(fault))


def test_personal_data_that_come_back_after_they_were_erased_are_found(original: Copy, copy: Copy) -> None:
    change(copy, "INSERT INTO fact_personal SELECT 3, salt, text FROM fact_personal WHERE sequence = 9")
    faults = {(each.sequence, each.fault) for each in copy.report().findings}
    assert (3, Fault.PERSONAL_BACK) in faults


def rows(copy: Copy) -> list[list[object]]:
    with closing(sqlite3.connect(copy.database)) as connection:
        return [list(row) for row in connection.execute("SELECT * FROM facts ORDER BY sequence")]


def put(copy: Copy, table: list[list[object]]) -> None:
    with tampering(copy) as connection:
        connection.execute("DELETE FROM facts")
        connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", table)


def rechain(table: list[list[object]], start: int) -> None:
    """Make the chain whole again from a place on, as who knows how it works would."""
    for place in range(start, len(table)):
        if place:
            table[place][5] = table[place - 1][6]
        table[place][6] = link(str(table[place][5]), str(table[place][4]))


def test_two_facts_that_changed_places_are_found(copy: Copy) -> None:
    table = rows(copy)
    table[29][1:], table[30][1:] = table[30][1:], table[29][1:]
    put(copy, table)
    assert first(copy) == (30, Fault.REORDERED)


def test_a_fact_whose_hash_was_made_again_is_named_by_the_one_after_it(copy: Copy) -> None:
    table = rows(copy)
    table[29][4] = str(table[29][4]).replace('"number":29', '"number":92')
    table[29][6] = link(str(table[29][5]), str(table[29][4]))
    put(copy, table)
    assert first(copy) == (30, Fault.EDITED)


def test_a_chain_that_was_made_again_to_the_end_contradicts_the_next_signed_head(copy: Copy) -> None:
    table = rows(copy)
    table[29][4] = str(table[29][4]).replace('"number":29', '"number":92')
    rechain(table, 29)
    put(copy, table)
    change(copy, f"UPDATE journal_head SET hash = '{table[-1][6]}'")
    found = copy.report().first
    assert found and found.fault is Fault.REWRITTEN and found.sequence <= 30 <= found.until <= found.sequence + 5


def test_a_truncation_with_all_its_traces_in_the_database_is_found_by_the_heads_file(copy: Copy) -> None:
    truncate(copy, 40)
    assert first(copy) == (41, Fault.TRUNCATED)


def truncate(copy: Copy, last: int) -> None:
    """As an insider would: heads, subjects and the head row too."""
    with tampering(copy) as connection:
        for table in ("fact_personal", "fact_subjects", "signed_heads", "facts"):
            connection.execute(f"DELETE FROM {table} WHERE sequence > ?", [last])
        (hash,) = connection.execute("SELECT hash FROM facts WHERE sequence = ?", [last]).fetchone()
        connection.execute("UPDATE journal_head SET sequence = ?, hash = ?", [last, hash])


def test_a_head_signed_with_another_key_is_found(copy: Copy, tmp_path: Path) -> None:
    key = SigningKey.load_or_make(tmp_path / "other")
    with tampering(copy) as connection:
        (text,) = connection.execute("SELECT text FROM signed_heads WHERE sequence = 21").fetchone()
        connection.execute("UPDATE signed_heads SET signature = ? WHERE sequence = 21", [key.sign(text)])
    assert first(copy) == (21, Fault.HEAD_EDITED)


@pytest.mark.parametrize("line", [0, 3, 7])
def test_a_line_cut_out_of_the_heads_file_is_found(copy: Copy, line: int) -> None:
    lines = copy.heads.read_text().splitlines(keepends=True)
    del lines[line]
    copy.heads.write_text("".join(lines))
    assert copy.report().first is not None
    assert {each.fault for each in copy.report().findings} == {Fault.HEADS_FILE_EDITED}


@pytest.mark.parametrize("line", [0, 3, -1])
def test_an_edited_line_of_the_heads_file_is_found(copy: Copy, line: int) -> None:
    lines = copy.heads.read_text().splitlines(keepends=True)
    told = json.loads(lines[line])
    told["text"] = told["text"].replace('"sequence":', '"sequence":1')
    lines[line] = json.dumps(told, sort_keys=True, separators=(",", ":")) + "\n"
    copy.heads.write_text("".join(lines))
    assert Fault.HEADS_FILE_EDITED in {each.fault for each in copy.report().findings}


def test_a_heads_file_that_is_gone_is_found(copy: Copy) -> None:
    copy.heads.unlink()
    assert {each.fault for each in copy.report().findings} == {Fault.HEADS_FILE_EDITED}


def test_a_heads_file_that_a_crash_left_one_head_short_and_torn_is_sound(copy: Copy) -> None:
    whole = copy.heads.read_bytes()
    copy.heads.write_bytes(whole[:-40])
    assert copy.report().sound


def test_a_database_that_cannot_be_read_any_more_says_from_where(copy: Copy) -> None:
    data = bytearray(copy.database.read_bytes())
    half = len(data) // 2
    data[half:] = b"\x55" * len(data[half:])
    copy.database.write_bytes(data)
    assert Fault.UNREADABLE in {each.fault for each in copy.report().findings}


# --- a thousand at random ---------------------------------------------------------------------------------------------


def test_a_thousand_random_edits_deletions_swaps_and_truncations_are_all_found(original: Copy, copy: Copy) -> None:
    chance = random.Random(SEED)
    kinds = (edited_column, edited_text, removed, swapped, inserted, truncated, edited_personal, edited_head, rewritten)
    missed = []
    for number in range(DAMAGES):
        copy.restore(original)
        kind: Callable[[Copy, random.Random], None] = kinds[number % len(kinds)]
        kind(copy, chance)
        if copy.report().sound:
            missed.append((number, kind.__name__))
    assert missed == []


def edited_column(copy: Copy, chance: random.Random) -> None:
    """One character of one column of one fact."""
    table = rows(copy)
    row, column = chance.choice(table), chance.randint(1, 6)
    row[column] = other_character(str(row[column]), chance)
    put(copy, table)


def edited_text(copy: Copy, chance: random.Random) -> None:
    """A text with its hash made again, and perhaps the rest of the chain."""
    table = rows(copy)
    place = chance.randrange(FACTS)
    table[place][4] = other_character(str(table[place][4]), chance)
    rechain(table[: chance.randint(place + 1, FACTS)], place)
    put(copy, table)


def removed(copy: Copy, chance: random.Random) -> None:
    """Some facts in a row, and perhaps what followed moved up and chained again."""
    table = rows(copy)
    place = chance.randrange(FACTS - 1)
    del table[place : place + chance.randint(1, 5)]
    if chance.random() < 0.5:
        for index, row in enumerate(table):
            row[0] = index + 1
        rechain(table, max(1, place))
    put(copy, table)


def swapped(copy: Copy, chance: random.Random) -> None:
    """Two facts, with or without their hashes."""
    table = rows(copy)
    one, two = chance.sample(range(FACTS), 2)
    start = chance.choice([1, 4])
    stop = 5 if start == 4 else chance.choice([5, 7])
    table[one][start:stop], table[two][start:stop] = table[two][start:stop], table[one][start:stop]
    if chance.random() < 0.5:
        rechain(table, min(one, two))
    with_unique_ids(table)
    put(copy, table)


def with_unique_ids(table: list[list[object]]) -> None:
    assert len({row[1] for row in table}) == len(table)


def inserted(copy: Copy, chance: random.Random) -> None:
    """A fact that was made up, the rest moved down and chained again."""
    table = rows(copy)
    place = chance.randrange(FACTS)
    new = list(table[place])
    new[1], new[4] = "made-up", str(new[4]).replace(str(new[1]), "made-up")
    table.insert(place, new)
    for index, row in enumerate(table):
        row[0] = index + 1
    rechain(table, place)
    put(copy, table)


def truncated(copy: Copy, chance: random.Random) -> None:
    """The end, with or without its traces."""
    last = chance.randint(1, FACTS - 1)
    if chance.random() < 0.5:
        truncate(copy, last)
    else:
        change(copy, f"DELETE FROM facts WHERE sequence > {last}")


def edited_personal(copy: Copy, chance: random.Random) -> None:
    """A character of personal data or of their salt; or all of it gone."""
    with tampering(copy) as connection:
        found = connection.execute("SELECT sequence, salt, text FROM fact_personal").fetchall()
        sequence, salt, text = chance.choice(found)
        match chance.randrange(3):
            case 0:
                connection.execute("DELETE FROM fact_personal WHERE sequence = ?", [sequence])
            case 1:
                values = [other_character(salt, chance), sequence]
                connection.execute("UPDATE fact_personal SET salt = ? WHERE sequence = ?", values)
            case 2:
                values = [other_character(text, chance), sequence]
                connection.execute("UPDATE fact_personal SET text = ? WHERE sequence = ?", values)


def edited_head(copy: Copy, chance: random.Random) -> None:
    """A character of a signed head; or the head gone; or one in another's place."""
    with tampering(copy) as connection:
        found = connection.execute("SELECT sequence, text, signature FROM signed_heads").fetchall()
        sequence, text, signature = chance.choice(found)
        column = chance.choice(["text", "signature", "gone", "moved"])
        if column == "gone":
            connection.execute("DELETE FROM signed_heads WHERE sequence = ?", [sequence])
        elif column == "moved":
            connection.execute("UPDATE signed_heads SET sequence = sequence + 1 WHERE sequence = ?", [sequence])
        else:
            value = other_character({"text": text, "signature": signature}[column], chance)
            connection.execute(f"UPDATE signed_heads SET {column} = ? WHERE sequence = ?", [value, sequence])


def rewritten(copy: Copy, chance: random.Random) -> None:
    """History from one place on as somebody wishes it had been, whole in itself, heads signed with a key of his own."""
    table = rows(copy)
    place = chance.randrange(FACTS)
    told = json.loads(str(table[place][4]))
    told["body"]["number"] = chance.randint(1_000, 9_999)
    table[place][4] = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    rechain(table, place)
    put(copy, table)
    change(copy, f"UPDATE journal_head SET hash = '{table[-1][6]}'")


def other_character(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    other = chance.choice([each for each in '0123456789abcdefxyz"{}:, é' if each != text[place]])
    return text[:place] + other + text[place + 1 :]

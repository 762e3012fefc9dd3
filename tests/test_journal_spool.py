"""The spool: on disk before it says so, in order, whole whatever tears it."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from journal import Draft, SpoolInUse
from journal.spool import Spool
from journal.spool_record import Damage, decode, encode
from tests.journal_places import draft


def drafts(*numbers: int) -> list[Draft]:
    return [draft(number, personal=number % 2 > 0) for number in numbers]


def all_of(spool: Spool) -> list[str]:
    """Ids of everything in it, read in small steps and forgotten."""
    found: list[str] = []
    while spool.bytes:
        read = spool.read(2)
        found += [each.id for each in read.drafts]
        spool.forget(read)
    return found


def test_records_come_back_in_order_until_they_are_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append(drafts(1, 2))
    spool.append(drafts(3))
    assert list(spool.read(2).drafts) == drafts(1, 2)
    read = spool.read(2)
    assert list(read.drafts) == drafts(1, 2) and read.damage == ()
    spool.forget(read)
    assert list(spool.read(9).drafts) == drafts(3)
    spool.append(drafts(4))
    assert all_of(spool) == ["fact-3", "fact-4"]
    spool.close()
    assert list((tmp_path / "spool").iterdir()) == []


def test_the_next_process_finds_what_was_not_forgotten(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.append(drafts(1, 2, 3))
    first.forget(first.read(1))
    first.close()
    second = Spool(tmp_path)
    second.append(drafts(4))
    assert all_of(second) == ["fact-1", "fact-2", "fact-3", "fact-4"]  # the first once more: at least once
    second.close()


def test_a_long_outage_fills_many_segments_that_go_one_by_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=2_000)
    for number in range(100):
        spool.append(drafts(number))
    assert len(list(tmp_path.iterdir())) >= 5
    assert all_of(spool) == [f"fact-{number}" for number in range(100)]
    assert len(list(tmp_path.iterdir())) <= 1
    spool.close()


def test_an_empty_spool_holds_no_personal_data(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(drafts(1))
    all_of(spool)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b""]
    spool.close()


def test_two_processes_can_not_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(SpoolInUse) as caught:
        Spool(tmp_path)
    assert caught.value.code == "journal_spool_in_use"
    spool.close()
    Spool(tmp_path).close()


def test_a_spool_torn_at_any_byte_is_read_up_to_the_last_whole_record_and_says_so(tmp_path: Path) -> None:
    whole = [encode(each) for each in drafts(1, 2, 3)]
    data = b"".join(whole)
    ends = [sum(map(len, whole[:count])) for count in range(4)]
    for size in range(len(data) + 1):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / "0000000000000001.spool").write_bytes(data[:size])
        spool = Spool(folder)
        count = sum(end <= size for end in ends[1:])
        torn = size - ends[count]
        spool.append(drafts(9))
        read = spool.read(10)
        assert list(read.drafts) == [*drafts(1, 2, 3)[:count], *drafts(9)]
        name = "0000000000000001.spool"
        assert read.damage == ((Damage(name, ends[count], torn, torn=True),) if torn else ())
        spool.close()


def test_a_byte_changed_anywhere_costs_one_record_and_is_told(tmp_path: Path) -> None:
    one, two, three = (encode(each) for each in drafts(1, 2, 3))
    for place in range(len(two) - 1):
        changed = bytearray(two)
        changed[place] ^= 0x01
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / "0000000000000001.spool").write_bytes(one + changed + three)
        spool = Spool(folder)
        read = spool.read(10)
        assert [each.id for each in read.drafts] == ["fact-1", "fact-3"]
        assert sum(each.bytes for each in read.damage) == len(two)
        assert not any(each.torn for each in read.damage)
        spool.close()


def test_a_record_without_its_line_end_is_no_record() -> None:
    line = encode(draft(1))
    assert decode(line) == draft(1)
    assert decode(line[:-1]) is None
    assert decode(b"") is None


def test_a_spool_that_may_grow_no_further_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=1_000)
    spool.append(drafts(1))
    with pytest.raises(OSError, match="more than 1000"):
        spool.append(drafts(*range(2, 20)))
    spool.append(drafts(2))
    assert all_of(spool) == ["fact-1", "fact-2"]
    spool.close()


FULL_DISK = """
import resource, sys
from pathlib import Path
from journal.spool import Spool
from tests.test_journal_spool import all_of, drafts
spool = Spool(Path(sys.argv[1]))
spool.append(drafts(1, 2))
for room in range(0, 900, 50):  # bytes of room for the next record, which has 250
    resource.setrlimit(resource.RLIMIT_FSIZE, (spool.bytes + room, -1))
    try:
        spool.append(drafts(10 + room))
        fitted = True
    except OSError:
        fitted = False
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    print(room, fitted)
    spool.append(drafts(1000 + room))
print(*all_of(spool))
spool.close()
"""


def test_a_full_disk_leaves_whole_records_and_the_spool_goes_on_when_there_is_room(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    run = subprocess.run([sys.executable, "-c", FULL_DISK, tmp_path], capture_output=True, text=True, check=True)
    *tries, found = run.stdout.splitlines()
    expected = ["fact-1", "fact-2"]
    for line in tries:
        room, fitted = line.split()
        expected += [f"fact-{10 + int(room)}"] * (fitted == "True") + [f"fact-{1000 + int(room)}"]
    assert found.split() == expected
    assert {line.split()[1] for line in tries} == {"True", "False"}

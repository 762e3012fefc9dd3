"""Any deed in any order: the rules of `tests.incident_room` hold after every one."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count, pairwise
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.incident import (
    INCIDENT,
    Amend,
    IncidentError,
    IncidentEvent,
    IncidentState,
    LinkCall,
    Merge,
    Unmerge,
    replay,
)
from intake.incident.writing import read
from intake.table import Goes
from tests.incident_room import IDS, Room, any_deed, changes, check, check_record, said, seeds, stored

FEW = settings(max_examples=150, deadline=None)


def begun() -> Room:
    """A draft, two submitted, and one that nobody has begun."""
    room = Room()
    room.create("a")
    room.submitted("b")
    room.submitted("c")
    return room


@FEW
@given(seeds)
@example(list(range(400)))
def test_any_deed_in_any_order_leaves_every_record_whole(seeds: list[int]) -> None:
    room = begun()
    for seed in seeds:
        deed, who, seconds = any_deed(room, seed)
        room.now += timedelta(seconds=seconds)
        before = dict(room.known)
        try:
            decided = room.do(deed, who)
        except IncidentError as refused:
            assert refused.code and str(refused)
            assert room.known == before, "a refused deed changes nothing"
            continue
        assert all(each.who == who and each.at == room.now for each in decided.facts)
        changed = {id for id, incident in room.known.items() if before.get(id) != incident}
        assert changed == set(decided.after) == {each.incident for each in decided.facts}, "no change without a fact"
        check(room, changed)
    check(room)
    for incident in room.known.values():
        check_record(room.known, incident)
        _never_left_the_table(room, incident.id)


def _never_left_the_table(room: Room, id: str) -> None:
    facts = room.told[id]
    states = [replay(facts[: each.version]).state for each in facts]
    assert states[0] in (IncidentState.DRAFT, IncidentState.SUBMITTED)
    for before, after in pairwise(states):
        rules = [INCIDENT.rule(before, event) for event in IncidentEvent]
        assert before is after or after in {rule.to for rule in rules if isinstance(rule, Goes)}


def test_the_random_deeds_are_not_all_refused() -> None:
    """Or the tests above would prove nothing."""
    done: Counter[str] = Counter()
    states = set()
    for begin in range(60):
        room = begun()
        for seed in range(begin * 60, begin * 60 + 60):
            deed, who, _ = any_deed(room, seed)
            with suppress(IncidentError):
                done[type(deed).__name__] += bool(room.do(deed, who).facts)
        states |= {incident.state for incident in room.known.values()}
    assert len(done) == 18 and min(done.values()) >= 5, done
    assert states == set(IncidentState)


@FEW
@given(seeds, st.integers(0, 2**40))
def test_unmerged_both_are_exactly_what_they_were(seeds: list[int], seed: int) -> None:
    room = _after(seeds)
    for one, other in ((one, other) for one in IDS for other in IDS):
        if not {one, other} <= room.known.keys():
            continue
        before = said(room.known[one]), said(room.known[other])
        with suppress(IncidentError):
            room.do(Merge(one, room.version(one), other))
            assert room.known[one].merged_into == other and not room.known[one].open
            room.do(Unmerge(one))
            assert (said(room.known[one]), said(room.known[other])) == before


def test_what_was_done_between_merge_and_unmerge_stays_where_it_was_done() -> None:
    room = begun()
    before = said(room.known["b"])
    room.do(Merge("b", room.version("b"), "c"))
    room.do(LinkCall("c", "c9", "13812345678"))
    room.do(Unmerge("b"))
    assert said(room.known["b"]) == before
    assert [each.call for each in room.known["c"].calls] == ["c9"]


@FEW
@given(seeds)
def test_facts_without_their_personal_data_make_the_record_without_them(seeds: list[int]) -> None:
    room = _after(seeds)
    for id, whole in room.known.items():
        bare = replay([told for each in room.told[id] if (told := read(stored(each, whole, erased=True)))])
        assert bare.content == whole.content.erased()
        assert [(each.call, each.at, each.caller) for each in bare.calls] == [
            (each.call, each.at, "") for each in whole.calls
        ]
        for name in ("state", "version", "settled", "number", "links", "merged", "merged_into", "result", "ended_at"):
            assert getattr(bare, name) == getattr(whole, name)


def _after(seeds: list[int]) -> Room:
    room = begun()
    for number, seed in zip(count(), seeds, strict=False):
        deed, who, _ = any_deed(room, seed + number)
        with suppress(IncidentError):
            room.do(deed, who)
    return room


@FEW
@given(st.integers(0, 2**40))
def test_an_amendment_keeps_what_was_before(seed: int) -> None:
    room = begun()
    before = room.known["b"].content
    with suppress(IncidentError):
        room.do(any_deed(room, seed)[0])
    wanted = changes(Random(seed))
    incident = room.known["b"]
    if not incident.open:
        return
    before = incident.content
    decided = room.do(Amend("b", incident.version, wanted))
    for each in decided.facts:
        assert before.told(each.after) == room.known["b"].content
        assert room.known["b"].content.told(each.before) == before

"""A room for the tests of incidents: records in memory, a clock that tests wind, any deed, and what always holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import strategies as st

from intake.incident import (
    Amend,
    Cancel,
    Catalogue,
    Close,
    Create,
    Decided,
    Deed,
    Erase,
    Feedback,
    Incident,
    IncidentTypes,
    LinkCall,
    LinkIncident,
    MarkDispatched,
    MarkInProgress,
    Merge,
    Note,
    Relationship,
    Reopen,
    Result,
    Split,
    Spot,
    Submit,
    Told,
    UnlinkCall,
    UnlinkIncident,
    Unmerge,
    Who,
    decide,
    replay,
)
from intake.incident.content import PERSONAL
from intake.incident.writing import draft_of, read
from journal import Fact
from journal.chain import fact_text

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
TYPES = IncidentTypes.model_validate_json(
    """{"types": [
        {"id": "house-fire", "name": {"zh": "住宅火灾", "en": "House fire"}, "event_class": "accident", "grade": "III"},
        {"id": "epidemic", "name": {"zh": "疫情", "en": "Epidemic"}, "event_class": "public-health", "grade": "II"},
        {"id": "old-one", "name": {"zh": "旧", "en": "Old"}, "event_class": "everyday", "retired": true}],
       "hazards": [{"id": "gas", "name": {"zh": "燃气", "en": "Gas"}}],
       "flags": [{"id": "children", "name": {"zh": "儿童", "en": "Children"}}]}"""
)
CATALOGUE = Catalogue(TYPES, frozenset({"fire", "medical"}))
ZHANG = Who("zhang-wei", seat="seat-01")
LI = Who("li-na", seat="seat-02")
DISPATCH = Who("dispatch", person=False)
SPOT = Spot(32.0415, 118.7781, "call-taker", NOON, "gcj02", 20.0, 0.9)


class Room:
    """Incidents `a`, `b` … in memory."""

    def __init__(self) -> None:
        self.now = NOON
        self.known: dict[str, Incident] = {}
        self.told: dict[str, list[Told]] = defaultdict(list)
        self._numbers = 0

    def do(self, deed: Deed, who: Who = ZHANG) -> Decided:
        number = f"20261125-{self._numbers + 1:04}"
        decided = decide(deed, self.known, who, self.now, CATALOGUE, number)
        if isinstance(deed, Create | Split):
            self._numbers += 1
        for each in decided.facts:
            self.told[each.incident].append(each)
        self.known |= decided.after
        return decided

    def create(self, id: str = "a", *, call: str | None = None, caller: str = "", **changes: Any) -> Incident:
        self.do(Create(id, changes, call, caller))
        return self.known[id]

    def submitted(self, id: str = "a", **changes: Any) -> Incident:
        made = self.create(id, **changes)
        self.do(Submit(id, made.version, {"type": "house-fire"}))
        return self.known[id]

    def version(self, id: str) -> int:
        return self.known[id].version if id in self.known else 1


def stored(told: Told, after: Incident, *, erased: bool = False) -> Fact:
    """A fact as it comes back from the journal."""
    draft = draft_of(told, after, f"{told.incident}:{told.version}")
    personal = draft.personal
    text = fact_text(told.version, draft, None if personal is None else "0" * 64)
    return Fact.read(text, None if erased else personal, "", "")


def said(incident: Incident) -> Incident:
    """All that a record says, without how often and by whom it was touched."""
    return replace(incident, version=0, settled=0, changed_at=NOON, changed_by="")


def check(room: Room, ids: Iterable[str] | None = None) -> None:
    """What holds after every deed, of these incidents or of all."""
    for id in room.known if ids is None else ids:
        incident, facts = room.known[id], room.told[id]
        assert [each.version for each in facts] == list(range(1, incident.version + 1)), "every change is a fact"
        assert replay(facts) == incident, "the facts make the record"
        entries = [stored(each, incident) for each in facts]
        assert [read(each) for each in entries] == facts, "and come back from the journal as they were"
        for each, entry in zip(facts, entries, strict=True):
            assert entry.body["by"] == each.who.id and entry.time == each.at, "with who and when"
            kept = [name for part in ("content", "before", "after") for name in entry.body.get(part, {})]
            assert not set(kept) & {*PERSONAL, "words", "caller"}, "nothing about a person stays for ever"
        check_record(room.known, incident)
    numbers = [each.number for each in room.known.values()]
    assert len(set(numbers)) == len(numbers)


def check_record(known: Mapping[str, Incident], incident: Incident) -> None:
    """What holds of one record among all."""
    assert 1 <= incident.settled <= incident.version
    assert (incident.ended_at is None) == (incident.result is None) == (not incident.over)
    if incident.merged_into is not None:
        assert incident.id in known[incident.merged_into].merged
    for other in incident.merged:
        assert known[other].merged_into == incident.id
    for link in incident.links:
        back = known[link.other].link(incident.id)
        assert back is not None and back.relationship is link.relationship.inverse
    if incident.split_from is not None:
        assert incident.id in known[incident.split_from].split_into
    if incident.erased:
        assert incident.content == incident.content.erased()
        assert not any(each.caller for each in incident.calls)


IDS = ("a", "b", "c", "d")
TEXTS = (
    "",
    "中山路18号三楼起火，有两人被困",
    "𠮷野家𪚥𠀋旁边",  # beyond U+FFFF
    "e\u0301 ‮ بلاغ 🔥👩\u200d🚒 \ufeff",
    "第一行\n第二行\t完",
    "'; DROP TABLE incidents; -- \\ \" %s {}",
    "\u2028",
)
NUMBERS = ("", "13812345678", "+86 138 1234 5678", "025-84112233", "anonymous")


def changes(random: Random) -> dict[str, Any]:
    """Any possible change of what a record says."""
    count: Callable[[], int | None] = lambda: random.choice([None, 0, 3, 1_000_000])  # noqa: E731
    made: dict[str, Any] = {
        "called": random.choice(["", "119", "120"]),
        "form": random.choice(["", "fire", "medical"]),
        "type": random.choice(["house-fire", "epidemic"]),
        "grade": random.choice([None, "I", "II", "III", "IV"]),
        "injured": count(),
        "trapped": count(),
        "involved": count(),
        "hazards": random.choice([[], ["gas"]]),
        "flags": random.choice([[], ["children"]]),
        "areas": random.choice([[], ["district-1"], ["district-1", "district-2"]]),
        "reporter": line(random),
        "callback": random.choice(NUMBERS),
        "place": line(random),
        "summary": random.choice(TEXTS),
        "spot": random.choice([None, replace(SPOT, lat=random.uniform(-90, 90), lon=random.uniform(-180, 180))]),
    }
    return {name: made[name] for name in random.sample(sorted(made), random.randint(0, 5))}


def line(random: Random) -> str:
    """Any text of one line."""
    return " ".join(random.choice(TEXTS).split())


def any_deed(room: Room, seed: int) -> tuple[Deed, Who, int]:
    """Any deed on incidents `a` to `d`, mostly with their newest version; who does it, and what the clock jumps."""
    random = Random(seed)
    id, other = random.choice(IDS), random.choice(IDS)
    seen = room.version(id) + random.choice([0, 0, 0, 0, -1, -3, 1])
    call, caller = random.choice(["c1", "c2", "c3"]), random.choice(NUMBERS)
    words = random.choice(TEXTS)
    result = random.choice(list(Result))
    possible: dict[type[Any], Callable[[], Deed]] = {
        Create: lambda: Create(id, changes(random), random.choice([None, call]), caller),
        Amend: lambda: Amend(id, seen, changes(random)),
        Submit: lambda: Submit(id, seen, changes(random)),
        MarkDispatched: lambda: MarkDispatched(id),
        MarkInProgress: lambda: MarkInProgress(id),
        LinkCall: lambda: LinkCall(id, call, caller),
        UnlinkCall: lambda: UnlinkCall(id, call),
        LinkIncident: lambda: LinkIncident(id, other, random.choice(list(Relationship))),
        UnlinkIncident: lambda: UnlinkIncident(id, other),
        Merge: lambda: Merge(id, seen, other),
        Unmerge: lambda: Unmerge(id),
        Split: lambda: Split(id, seen, random.choice([other, f"{id}-{seed}"]), changes(random), (call,)[: seed % 2]),
        Close: lambda: Close(id, seen, result, words),
        Cancel: lambda: Cancel(id, seen, result, words),
        Reopen: lambda: Reopen(id, seen, words, changes(random)),
        Note: lambda: Note(id, words),
        Feedback: lambda: Feedback(id, words, random.choice(["", "dept-fire"]), "", random.choice(["", "on-scene"])),
        Erase: lambda: Erase(id, "retention"),
    }
    return (
        possible[random.choice(list(possible))](),
        random.choice([ZHANG, LI, DISPATCH]),
        random.randint(-5_000, 5_000),
    )


seeds = st.lists(st.integers(0, 2**40), min_size=10, max_size=80)
"""Deeds by seed: hypothesis leaves out those that don't matter when it has found something."""

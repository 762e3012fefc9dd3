"""The engine lives, and its database is behind: what the engine has seen itself is told as it saw it, and once."""

import threading
from pathlib import Path

from intake import fact
from intake.edge.writing import draft_of
from journal.witness import GROUP
from tests.catch_up_room import EVENTS, RECORDED, Room, told_by, until


async def test_what_the_engine_saw_comes_before_what_was_found_out(tmp_path: Path) -> None:
    room, told, again = Room(tmp_path), told_by(EVENTS), threading.Event()
    room.up = frozenset({EVENTS[-1].call})
    lost = {each.id for each in told if isinstance(each.fact, fact.CallCameBack)}
    try:
        await room.engine_comes()
        assert room.journal is not None
        room.journal.submit(lambda unit: again.wait())
        for number in range(2 * GROUP):
            room.journal.witness(draft_of(fact.SignedOut("seat-12", f"p{number}", "test"), told[0].at))
        for each in told:
            own = None if each.id in lost else each.id
            room.journal.witness(draft_of(each.fact, each.at, id=own))
        room.events.write_bytes(RECORDED)
        async with room.catching_up():
            await until(lambda: bool(room.requests))
            again.set()
            await until(lambda: room.asked > 0)
        facts = [each for each in room.facts() if "call" in each.subjects]
        assert len(facts) == len(told)
        assert lost
        assert not [each for each in facts if "without_engine" in each.body]
    finally:
        again.set()
        await room.end()

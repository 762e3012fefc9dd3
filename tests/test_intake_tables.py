"""Every event in every state: the tables are whole, they say what the docs say, and only they move a state."""

from enum import StrEnum
from pathlib import Path

import pytest

from intake.diagram import main, pages
from intake.line import LINE, Line, LineEvent
from intake.person import PERSON, PersonEvent, Presence
from intake.stage import STAGE, CallEvent, Stage
from intake.table import Bug, Goes, Ignored, Ours, Table, Theirs, among

TABLES = (LINE, PERSON, STAGE)
DOCS = Path(__file__).parent.parent / "docs" / "states"
PAIRS = [(table, state, event) for table in TABLES for event in table.events for state in table.states]


@pytest.mark.parametrize(("table", "state", "event"), PAIRS, ids=lambda value: str(getattr(value, "name", value)))
def test_every_event_in_every_state_moves_is_ignored_with_a_reason_or_is_an_error(
    table: Table[Line, LineEvent], state: Line, event: LineEvent
) -> None:
    rule = table.rule(state, event)
    match rule:
        case Goes(to):
            assert to is not state
            assert table.after(state, event) is to
        case Ignored(because):
            assert because
            assert table.after(state, event) is state
        case Theirs(code, because):
            assert because
            assert code.isidentifier()
            assert table.after(state, event) == rule
        case Ours():
            with pytest.raises(Bug, match=str(event)):
                table.after(state, event)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_from_every_state_every_other_can_be_reached(table: Table[Line, LineEvent]) -> None:
    for start in table.states:
        reached, edge = {start}, [start]
        while edge:
            state = edge.pop()
            for event in table.events:
                rule = table.rule(state, event)
                if isinstance(rule, Goes) and rule.to not in reached:
                    reached.add(rule.to)
                    edge.append(rule.to)
        assert reached == set(table.states)


def test_a_table_with_a_hole_is_refused_when_it_is_made() -> None:
    class Lamp(StrEnum):
        ON = "on"
        OFF = "off"

    class Hand(StrEnum):
        PUSH = "push"

    with pytest.raises(Bug, match="push in off"):
        Table("lamp", Lamp, Hand, {Hand.PUSH: among((Lamp.ON,), Goes(Lamp.OFF))})


@pytest.mark.parametrize("event", [each for each in LineEvent if each not in (LineEvent.HUNG_UP, LineEvent.FOUND_IDLE)])
def test_only_a_hang_up_or_asterisk_asked_makes_a_talking_line_free(event: LineEvent) -> None:
    for state in (Line.TALKING, Line.HELD):
        assert not isinstance(rule := LINE.rule(state, event), Goes) or rule.to in (Line.TALKING, Line.HELD)


def test_only_an_idle_line_is_ever_reserved() -> None:
    assert [state for state in Line if isinstance(LINE.rule(state, LineEvent.RESERVE), Goes)] == [Line.IDLE]


def test_a_join_is_believed_wherever_the_call_was() -> None:
    assert all(STAGE.after(stage, CallEvent.JOINED) is Stage.JOINED for stage in Stage)


def test_the_room_by_itself_signs_nobody_in_or_out() -> None:
    for event in (PersonEvent.SUSPEND, PersonEvent.CONVERSATION_OVER, PersonEvent.WRAP_UP_OVER):
        for presence in Presence:
            after = PERSON.after(presence, event)
            assert (after is Presence.SIGNED_OUT) == (presence is Presence.SIGNED_OUT)


def test_the_docs_show_the_tables_that_run() -> None:
    written = {name: (DOCS / name).read_text(encoding="utf-8") for name in pages()}  # other rooms' lie beside them
    assert written == pages(), "run: python -m intake.diagram docs/states"


def test_the_diagrams_are_written_where_one_wants_them(tmp_path: Path) -> None:
    assert main([str(tmp_path / "states")]) == 0
    assert {path.name for path in (tmp_path / "states").iterdir()} == {"line.md", "person.md", "call.md", "incident.md"}
    assert main([]) == 2

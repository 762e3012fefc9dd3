"""Orders in the database, on SQLite and on PostgreSQL: the same as in memory, with a live deadline at every moment."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

import dispatch.migration.versions
from config.field import Language, Wording
from dispatch import fact, reading, store, wish
from dispatch.condition import Condition
from dispatch.drafting import OrderDraft
from dispatch.matching import match
from dispatch.notification import NotificationState
from dispatch.order import Order, OrderState
from dispatch.outcome import Outcome
from dispatch.plan import Action, Plan
from dispatch.rehearsal import MemoryStore
from dispatch.situation import Situation
from dispatch.step import Write
from dispatch.stored import Stored, StoredOrder
from dispatch.tables import metadata, orders
from dispatch.wording import OrderText
from dispatch.writing import PROMISES, TYPES, moment
from intake.incident.kind import Grade
from intake.table import Bug
from journal import (
    Journal,
    Neglect,
    Places,
    Refusal,
    Registry,
    TimerState,
    Unit,
    audit,
    facts_about,
    sqlite_url,
    upgrade,
    verify,
    write_engine,
)
from journal.instant import from_text
from journal.key import PublicKey
from journal.tables import timers
from tests.dispatch_room import START, Room, ladder, order
from tests.dispatch_world import World, live_a_day
from tests.journal_places import WAIT_S, Clock

pytest_plugins = ["tests.journal_fixtures"]

VERSIONS = [Path(dispatch.migration.versions.__path__[0])]
DAY = "20270115"
T = TypeVar("T")


class Centre:
    """A journal with dispatch's tables."""

    def __init__(self, places: Places) -> None:
        self.journal = Journal.open(places, Registry(TYPES, PROMISES), versions=VERSIONS)
        self.engine: Engine = self.journal.reader

    def do(self, work: Callable[[Unit], T]) -> T:
        submitted = self.journal.submit(work)
        assert not isinstance(submitted, Refusal)
        return submitted.result(WAIT_S).value

    def issue(self, *drafts: OrderDraft, incident: str = "i1", once: bool = True) -> tuple[Order, ...]:
        at = moment(START)
        return self.do(lambda unit: store.issue(unit, incident, drafts, at, DAY, "zhang-wei", once=once))

    def restored(self) -> Stored:
        with self.engine.connect() as connection:
            return store.restore(connection)

    def neglected(self, seconds: float) -> list[str]:
        return [f"{each.subject_id}: {each.neglect}" for each in audit(self.engine, moment(seconds), timedelta(0))]


class JournalStore(MemoryStore):
    """Writes into a real journal as well, and holds what it says against what memory says."""

    def __init__(self, centre: Centre) -> None:
        super().__init__()
        self.centre = centre

    def issue(self, order: Order) -> Order:
        draft = draft_of(order)
        at = moment(order.issued_at)
        (made,) = self.centre.do(
            lambda unit: store.issue(unit, order.incident, [draft], at, DAY, "zhang-wei", once=False)
        )
        assert replace(made, code=order.code) == replace(order, issued_at=made.issued_at)
        super().issue(made)
        self.same(order.issued_at)
        return made

    def write(self, write: Write) -> None:
        with self.centre.engine.connect() as connection:
            assert not store.written(connection, write)
        self.centre.do(lambda unit: store.write(unit, write))
        super().write(write)
        with self.centre.engine.connect() as connection:
            assert store.written(connection, write)
        self.same(write.at)

    def restore(self) -> Stored:
        return self.centre.restored()

    def same(self, at: float) -> None:
        """On disk is what memory says, and every open order has a live deadline."""
        found = self.centre.restored()
        assert found.fence == self.fence
        kept = [rounded(each) for each in self.orders.values() if each.wanted]
        assert sorted(map(rounded, found.orders), key=by_id) == sorted(kept, key=by_id)
        assert [each for each in audit(self.centre.engine, moment(at)) if each.neglect is Neglect.NO_DEADLINE] == []
        with self.centre.engine.connect() as connection:
            live = select(timers.c.subject_id, timers.c.due).where(timers.c.state == TimerState.LIVE.value)
            deadlines = sorted((row.subject_id, from_text(row.due).timestamp()) for row in connection.execute(live))
        wanted = sorted((each.order.id, each.due) for each in self.orders.values() if each.open)
        assert [id for id, _ in deadlines] == [id for id, _ in wanted]
        assert all(abs(on_disk - due) < 1e-3 for (_, on_disk), (_, due) in zip(deadlines, wanted, strict=True))
        waiting = {each.stored.order.id for each in reading.open_orders(self.centre.engine)}
        assert waiting == {each.order.id for each in self.orders.values() if each.open}


def by_id(stored: StoredOrder) -> str:
    return stored.order.id


def rounded(stored: StoredOrder) -> StoredOrder:
    """With times in whole milliseconds: a database keeps microseconds."""
    attempts = tuple(
        replace(
            each,
            decided_at=round(each.decided_at, 3),
            outcome_at=None if each.outcome_at is None else round(each.outcome_at, 3),
        )
        for each in stored.attempts
    )
    order = replace(stored.order, issued_at=round(stored.order.issued_at, 3))
    began_at, due = round(stored.began_at, 3), round(stored.due, 3)
    return replace(stored, order=order, began_at=began_at, due=due, attempts=attempts)


def draft_of(order: Order) -> OrderDraft:
    return OrderDraft(
        order.department,
        order.language,
        order.text,
        order.ladder,
        order.deadline_s,
        order.prompt_s,
        order.priority,
        "house-fire",
    )


@pytest.fixture
def centre(each_places: Places) -> Iterator[Centre]:
    centre = Centre(each_places)
    yield centre
    centre.journal.close()


def test_the_migration_makes_the_tables_that_the_code_sees(empty_url: str) -> None:
    upgrade(empty_url, VERSIONS)
    engine = write_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _, name, kind, *__: kind != "table" or name in metadata.tables}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def draft(department: str = "fire", language: Language = Language.ZH) -> OrderDraft:
    return OrderDraft(
        department, language, f"民安路12号起火，请{department}出动。", ladder("1", "2"), 60, 20.0, 8, None
    )


def test_orders_are_issued_with_a_code_of_the_day_a_promise_and_a_live_deadline(centre: Centre) -> None:
    made = centre.issue(draft("fire"), draft("police"))
    made += centre.issue(draft("fire"), incident="i2")
    assert [each.id for each in made] == ["i1.fire.1", "i1.police.1", "i2.fire.1"]
    assert [each.code for each in made] == ["0001", "0002", "0003"]
    assert centre.neglected(START + 59) == []
    assert len(centre.neglected(START + 61)) == 3
    assert [each.order for each in centre.restored().orders] == list(made)


def test_an_order_s_words_and_numbers_are_erasable_and_the_rest_is_not(centre: Centre) -> None:
    centre.issue(draft())
    (told,) = facts_about(centre.engine, "order", "i1.fire.1")
    assert told.personal == {"text": "民安路12号起火，请fire出动。", "lines": ["1", "2"]}
    assert "民安路" not in told.text
    assert told.subjects == {"order": "i1.fire.1", "incident": "i1", "department": "fire"}
    assert (told.body["code"], told.body["deadline_s"], told.body["by"]) == ("0001", 60, "zhang-wei")


def test_a_department_that_has_an_order_gets_no_other_unless_it_is_wanted(centre: Centre) -> None:
    centre.issue(draft())
    assert centre.issue(draft()) == ()
    assert [each.id for each in centre.issue(draft(), once=False)] == ["i1.fire.2"]
    for id in ("i1.fire.1", "i1.fire.2"):
        centre.do(lambda unit, id=id: store.write(unit, cancelled(id)))  # type: ignore[misc]
    assert [each.id for each in centre.issue(draft())] == ["i1.fire.3"]


def cancelled(order: str) -> Write:
    return Write(1, START + 1, (fact.OrderCancelled(order, 1, "zhang-wei", "false alarm"),))


def plan(version: int = 1, priority: int = 5) -> Plan:
    text = OrderText(zh="{place}起火", en="Fire at {place}")
    return Plan(
        id="house-fire",
        version=version,
        name=Wording(zh="火灾", en="Fire"),
        priority=priority,
        when=(Condition(types=("house-fire",)),),
        orders=(Action(department="fire", text=text),),
    )


def test_the_plan_that_starts_is_kept_as_it_was_and_starts_once_an_incident(centre: Centre, clock: Clock) -> None:
    situation = Situation("house-fire", None, Grade.IV, frozenset(), datetime(2027, 1, 15, 3, 0))
    starts = match([plan()], situation)
    done = centre.do(lambda unit: store.start_plans(unit, "i1", starts, clock(), "zhang-wei"))
    assert done == starts
    later = match([plan(version=2, priority=9)], situation)
    assert centre.do(lambda unit: store.start_plans(unit, "i1", later, clock(), "zhang-wei")) == ()
    (kept,) = reading.plans_of(centre.engine, "i1")
    assert (kept.plan, kept.why, kept.by) == (plan(), ("types: house-fire",), "zhang-wei")
    (told,) = facts_about(centre.engine, "plan", "house-fire")
    assert (told.body["version"], len(told.body["sha256"])) == (1, 64)


def test_what_fails_in_the_same_work_leaves_neither_order_nor_deadline(centre: Centre) -> None:
    def work(unit: Unit) -> None:
        store.issue(unit, "i1", [draft()], moment(START), DAY, "zhang-wei")
        raise ValueError("the incident could not be submitted")

    with pytest.raises(ValueError, match="could not be submitted"):
        centre.do(work)
    assert centre.restored() == Stored()
    assert centre.neglected(START + 3600) == []


# Whole lives, step by step the same as in memory.


def test_a_life_from_the_order_to_the_report_is_read_as_it_was(centre: Centre) -> None:
    room = Room(order(), store=JournalStore(centre))
    room.comes_to("1", Outcome.BUSY)
    room.wind(3)
    room.answers("2", "1")
    room.wish(wish.Feedback, order="i1.fire.1", feedback="f1", progress=OrderState.EN_ROUTE, words="两车出动")
    room.hangs_up("2")
    found = reading.order(centre.engine, "i1.fire.1")
    assert found is not None
    assert (found.stored.progress, found.stored.state) == (OrderState.EN_ROUTE, NotificationState.ACKNOWLEDGED)
    assert (found.plan, found.by, found.how) == ("house-fire", "zhang-wei", "key")
    assert found.acknowledged_at == moment(START + 3)
    assert [(each.progress, each.words, each.by) for each in found.reports] == [
        (OrderState.EN_ROUTE, "两车出动", "zhang-wei")
    ]
    assert [(each.line, each.outcome) for each in found.stored.attempts] == [
        ("1", Outcome.BUSY),
        ("2", Outcome.ACKNOWLEDGED),
    ]
    assert reading.orders_of(centre.engine, "i1") == (found,)
    by_code = reading.by_code(centre.engine, found.stored.order.code)
    assert by_code == found
    types = [told.type for told in facts_about(centre.engine, "order", "i1.fire.1")]
    assert types == [
        "OrderIssued",
        "AttemptDecided",
        "AttemptEnded",
        "AttemptDecided",
        "Acknowledged",
        "FeedbackGiven",
        "AttemptEnded",
    ]


def test_a_code_is_that_of_the_newest_order_that_is_not_over(centre: Centre) -> None:
    centre.issue(draft("fire"))
    centre.do(lambda unit: store.write(unit, cancelled("i1.fire.1")))
    assert reading.by_code(centre.engine, "0001") is None
    work = [draft("police")]
    centre.do(lambda unit: store.issue(unit, "i9", work, moment(START), "20270116", "zhang-wei"))
    found = reading.by_code(centre.engine, "0001")
    assert found is not None
    assert found.stored.order.department == "police"


def test_a_new_day_gives_nobody_the_code_of_an_order_that_is_still_under_way(centre: Centre) -> None:
    first, second, third = centre.issue(draft("fire"), draft("police"), draft("gas"))
    for over in (first, third):
        centre.do(lambda unit, id=over.id: store.write(unit, cancelled(id)))  # type: ignore[misc]

    def next_day(unit: Unit) -> tuple[Order, ...]:
        return store.issue(unit, "i9", [draft("fire"), draft("power")], moment(START), "20270116", "zhang-wei")

    made = centre.do(next_day)
    assert [each.code for each in made] == ["0001", "0003"], "0002 is the police's until they are done"
    found = reading.by_code(centre.engine, second.code)
    assert found is not None
    assert found.stored.order.id == second.id


def test_an_order_escalated_told_of_and_ordered_again_has_one_live_deadline_all_the_time(centre: Centre) -> None:
    room = Room(order(tries=1, deadline_s=30), store=JournalStore(centre))
    room.comes_to("1", Outcome.BUSY)
    room.wind(31)
    room.comes_to("2", Outcome.NO_ANSWER)
    room.wind(200)
    room.wish(wish.Again, order="i1.fire.1")
    room.answers("1", "1")
    room.hangs_up("1")
    room.wish(wish.Again, order="i1.fire.1")
    room.cancel()
    assert centre.neglected(START + 1e6) == []


def test_wishes_of_all_kinds_are_on_disk_as_in_memory(centre: Centre) -> None:
    room = Room(order("fire", "1"), order("gas", "2"), order("water", "3"), store=JournalStore(centre))
    room.wish(wish.TakeWord, order="i1.fire.1")
    room.answers("2", "9")
    room.presses("2", "1")
    room.presses("2", "9")  # taken back: the dispatcher is told
    room.wish(wish.Close, incident="i1")
    for line in list(room.calling_now):
        room.hangs_up(line)
    assert centre.restored().orders == ()
    progress = {each.stored.order.department: each.stored.progress for each in reading.orders_of(centre.engine, "i1")}
    assert progress == {"fire": OrderState.DONE, "gas": OrderState.DONE, "water": OrderState.CANCELLED}


def test_a_report_that_is_sent_twice_is_one_report(centre: Centre) -> None:
    room = Room(order(), store=JournalStore(centre))
    room.answers("1", "1")
    for _ in range(2):
        room.hear(wish.Feedback("w", "i1.fire.1", "f1", "zhang-wei", OrderState.EN_ROUTE, "出动"))
        room.run()
    assert len(facts_about(centre.engine, "feedback", "f1")) == 1


@pytest.mark.parametrize("remembers", [True, False])
def test_a_life_killed_again_and_again_goes_on_from_the_database(centre: Centre, remembers: bool) -> None:
    world = World(JournalStore(centre))
    world.issue(order("fire", "1", "2"), order("gas", "2", "3"))
    acts = ["1 picks", "2 busy", "3 picks", "3 press-9", "1 press-1", "2 picks", "2 press-1"]
    for number in range(80):
        if number % 7 == 6:
            world.die(remembers=remembers, gone_s=0.5, hang_ups=[])
        elif world.ready():
            world.make(world.ready()[0])
        elif acts and acts[0] in world.people():
            world.act(acts.pop(0))
        else:
            world.wind(2, run=False)
        world.watch()
    world.finish()
    assert list(world.promises()) == []
    assert centre.neglected(world.now - 0.001) == []


@given(st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_whatever_happens_the_database_says_what_memory_says(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        centre = Centre(Places(sqlite_url(path / "journal.db"), path / "spool", path / "head"))
        world = World(JournalStore(centre))
        live_a_day(world, data, kills=True)
        world.finish()
        assert list(world.promises()) == []
        centre.journal.close()


def test_a_write_that_contradicts_what_is_on_disk_is_a_bug_and_changes_nothing(centre: Centre) -> None:
    room = Room(order(), store=JournalStore(centre))
    room.answers("1", "1")
    before = centre.restored()
    twice = Write(9, START + 5, (fact.Acknowledged("i1.fire.1", 1, fact.How.KEY, "i1.fire.1-1", None, 5.0),))
    with pytest.raises(Bug, match="acknowledged twice"):
        centre.do(lambda unit: store.write(unit, twice))
    nobody = Write(9, START + 5, (fact.OrderClosed("i9.fire.1", "zhang-wei"),))
    with pytest.raises(Bug, match="never issued"):
        centre.do(lambda unit: store.write(unit, nobody))
    assert centre.restored() == before


def test_erasing_empties_words_of_what_is_over_and_leaves_the_rest(centre: Centre) -> None:
    room = Room(order("fire", "1"), order("gas", "2"), store=JournalStore(centre))
    room.answers("1", "1")
    room.hangs_up("1")
    room.wish(wish.Feedback, order="i1.fire.1", feedback="f1", progress=OrderState.DONE, words="张先生已送医")
    assert centre.do(lambda unit: store.erase(unit, moment(START))) == 0
    assert centre.do(lambda unit: store.erase(unit, moment(START + 3600))) == 1
    fire, gas = reading.orders_of(centre.engine, "i1")
    assert (fire.stored.order.text, [each.words for each in fire.reports]) == ("", [""])
    assert gas.stored.order.text != ""


def test_the_journal_of_a_whole_life_is_sound(centre: Centre, each_places: Places) -> None:
    room = Room(order(), store=JournalStore(centre))
    room.answers("1", "9")
    room.answers("2", "1")
    assert centre.journal.wait_behind(WAIT_S)
    centre.journal.close()
    report = verify(write_engine(each_places.url), PublicKey.load(each_places.public_key), each_places.heads_file)
    assert report.sound, report
    with write_engine(each_places.url).connect() as connection:
        assert connection.scalar(select(orders.c.progress)) == "acknowledged"


def test_a_write_of_which_nobody_knows_is_found_or_made_once(centre: Centre) -> None:
    (issued,) = centre.issue(draft())
    write = Write(1, START + 1, (fact.AttemptDecided(issued.id, f"{issued.id}-1", 1, 1, 0, "1", False),))
    with centre.engine.connect() as connection:
        assert not store.written(connection, write)
    centre.do(lambda unit: store.write(unit, write))
    with centre.engine.connect() as connection:
        assert store.written(connection, write)

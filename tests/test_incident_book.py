"""The book of incidents: facts and rows in one commit, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, select, text, update

from intake.history import calls_of, calls_to_erase, number_history
from intake.incident import (
    TYPES,
    Amend,
    BadValue,
    Book,
    Box,
    Cancel,
    Close,
    Create,
    DayNumber,
    Deed,
    DeedRefused,
    Done,
    Erase,
    Feedback,
    Incident,
    IncidentError,
    LinkCall,
    MarkDispatched,
    Merge,
    Note,
    Reopen,
    Result,
    Split,
    Stale,
    Submit,
    UnlinkCall,
    Unmerge,
    Who,
    day_of,
    decide,
    history,
    reading,
    replay,
)
from intake.incident import rows as table_rows
from intake.migration import VERSIONS
from intake.number import NumberForm
from intake.tables import incident_calls, incident_numbers, incidents, metadata
from journal import Draft, Journal, Places, PublicKey, Registry, Unit, facts_about, upgrade, verify, write_engine
from tests.incident_room import CATALOGUE, DISPATCH, LI, NOON, SPOT, TEXTS, ZHANG, Room, any_deed

pytest_plugins = ["tests.journal_fixtures"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
FORM = NumberForm(area="025")
MOBILE = "13812345678"


class Desk:
    """A journal with the book on it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.book = Book(CATALOGUE, SHANGHAI, FORM)
        self.now = NOON

    def do(self, deed: Deed, who: Who = ZHANG, *, key: str | None = None) -> Done:
        now = self.now
        submitted = self.journal.submit(lambda unit: self.book.do(unit, deed, who, now, key=key))
        return submitted.result(30).value

    def submitted(self, id: str, **changes: Any) -> Incident:
        made = self.do(Create(id, changes)).incident
        return self.do(Submit(id, made.version, {"type": "house-fire"})).incident

    @property
    def reader(self) -> Engine:
        return self.journal.reader

    def read(self, id: str) -> Incident:
        found = reading.incident(self.reader, id)
        assert found is not None
        return found


def _open(places: Places) -> Iterator[Desk]:
    journal = Journal.open(places, Registry({*TYPES, "OrderIssued"}), versions=[VERSIONS])
    yield Desk(journal)
    journal.close()


@pytest.fixture
def desk(each_places: Places) -> Iterator[Desk]:
    """On each kind of database: for what the database does."""
    yield from _open(each_places)


@pytest.fixture
def one_desk(places: Places) -> Iterator[Desk]:
    """On SQLite: for what no database can make different."""
    yield from _open(places)


# --- tables -----------------------------------------------------------------------------------------------------------


def test_models_and_migrations_agree(empty_url: str) -> None:
    upgrade(empty_url, [VERSIONS])
    upgrade(empty_url, [VERSIONS])
    engine = write_engine(empty_url)
    own = set(metadata.tables)
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: kind != "table" or name in own,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        assert own <= set(inspect(connection).get_table_names())
    engine.dispose()


def test_a_database_from_before_gets_the_new_tables(empty_url: str) -> None:
    upgrade(empty_url)
    upgrade(empty_url, [VERSIONS])
    engine = write_engine(empty_url)
    with engine.connect() as connection:
        assert connection.execute(select(incidents)).all() == []
    engine.dispose()


# --- rows are what the facts make -------------------------------------------------------------------------------------


def test_any_deeds_leave_rows_that_are_what_the_facts_make(desk: Desk) -> None:
    """The same random deeds in memory and in the database: the same records, the same refusals, and a sound journal."""
    refusals = 0
    for begin in range(3):
        room = Room()
        room._numbers = desk_count(desk)
        for seed in range(begin * 90, begin * 90 + 90):
            deed, who, seconds = any_deed(room, seed)
            deed = _apart(deed, begin)
            room.now += timedelta(seconds=seconds)
            desk.now = room.now
            outcomes = []
            for do in (room.do, desk.do):
                try:
                    do(deed, who)
                    outcomes.append("done")
                except IncidentError as refused:
                    outcomes.append(refused.code)
            assert outcomes[0] == outcomes[1], deed
            refusals += outcomes[0] != "done"
        for id, incident in room.known.items():
            stored = desk.read(id)
            assert replace(stored, number="") == replace(incident, number="")
            told = [each.told for each in history(desk.reader, id) if each.told and each.told.incident == id]
            if not any(each.erased for each in history(desk.reader, id)):
                assert replay(told) == stored
            assert len(told) == stored.version
    assert refusals > 50
    with desk.reader.connect() as connection:
        keys = {tuple(row) for row in connection.execute(select(incident_numbers.c.incident, incident_numbers.c.key))}
        every = table_rows.records(connection, select(incidents))
    assert keys == {(each.id, key) for each in every for key in _keys(each)}


def desk_count(desk: Desk) -> int:
    with desk.reader.connect() as connection:
        return len(connection.execute(select(incidents.c.id)).all())


def _apart(deed: Any, begin: int) -> Any:
    """The same deed on incidents of its own round."""
    names = {
        name: f"{getattr(deed, name)}.{begin}" for name in ("incident", "other", "into", "new") if hasattr(deed, name)
    }
    return replace(deed, **names)


def _keys(incident: Incident) -> set[str]:
    told = [incident.content.callback, *(each.caller for each in incident.calls)]
    return {FORM.key(each) for each in told} - {""}


def test_text_of_any_script_goes_through_the_journal_and_the_tables(desk: Desk) -> None:
    for number, words in enumerate(each for each in TEXTS if each.strip()):
        id = f"i{number}"
        made = desk.do(Create(id, {"summary": words})).incident
        desk.do(Note(id, words))
        assert made.content.summary == words.strip() == desk.read(id).content.summary
        assert history(desk.reader, id)[-1].entry.personal == {"words": words.strip()}


def test_half_a_character_is_refused_and_nothing_is_written(one_desk: Desk) -> None:
    with pytest.raises(BadValue) as caught:
        one_desk.do(Create("a", {"summary": "火灾\ud83d"}))
    assert caught.value.code == "half_character"
    assert reading.incident(one_desk.reader, "a") is None and facts_about(one_desk.reader, "incident", "a") == ()
    assert one_desk.do(Create("a")).incident.number == "20261125-0001", "and no number is lost"


def test_the_longest_record_fits_its_facts(one_desk: Desk) -> None:
    most = {"summary": "𠮷" * 4_000, "place": "𠮷" * 500, "reporter": "𠮷" * 100, "callback": "𠮷" * 60}
    most |= {"spot": replace(SPOT, shape='"' + "x" * 3_990 + '"')}
    version = one_desk.do(Create("a", most)).incident.version
    other = {name: value.replace("𠮷", "𪚥") for name, value in most.items() if isinstance(value, str)}
    one_desk.do(Amend("a", version, {**other, "spot": replace(SPOT, lat=1.5, shape='"' + "y" * 3_990 + '"')}))
    one_desk.do(Note("a", "𠮷" * 2_000))

    def link(unit: Unit) -> None:
        for number in range(100):
            one_desk.book.do(unit, LinkCall("a", f"{number:064}", "𠮷" * 40), ZHANG, NOON)

    one_desk.journal.submit(link).result(30)
    one_desk.do(Submit("a", 2, {"type": "house-fire"}))
    calls = tuple(each.call for each in one_desk.read("a").calls)
    new = one_desk.do(Split("a", one_desk.read("a").version, "b", {}, calls)).others[0]
    assert len(new.calls) == 100 and one_desk.read("a").calls == ()


# --- who is first -----------------------------------------------------------------------------------------------------


async def test_of_two_writers_with_one_version_one_wins_and_the_other_is_told_what_changed(desk: Desk) -> None:
    version = desk.submitted("a", grade="IV").version
    both = await asyncio.gather(
        desk.journal.decide(lambda unit: desk.book.do(unit, Amend("a", version, {"grade": "I"}), LI, NOON)),
        desk.journal.decide(lambda unit: desk.book.do(unit, Amend("a", version, {"grade": "II"}), ZHANG, NOON)),
        return_exceptions=True,
    )
    won, lost = both
    assert won.value.incident.content.grade == "I"  # type: ignore[union-attr]
    assert isinstance(lost, Stale)
    assert lost.incident == desk.read("a")
    (since,) = lost.since
    assert (since.by, since.what, dict(since.changes)) == ("li-na", "Amended", {"grade": ("IV", "I")})
    assert "li-na: Amended grade (version 4)" in str(lost)


def test_a_writer_beside_the_journal_is_noticed_too(one_desk: Desk) -> None:
    """No such writer exists; if one did, nothing would be overwritten."""
    version = one_desk.submitted("a").version

    def work(unit: Unit) -> Done:
        known = table_rows.load(unit.connection, ["a"])
        unit.connection.execute(update(incidents).where(incidents.c.id == "a").values(version=version + 5))
        decided = decide(Note("a", "x"), known, ZHANG, NOON, CATALOGUE)
        one_desk.book._write(unit.connection, known, decided.after)
        raise AssertionError("overwritten")

    with pytest.raises(Stale):
        one_desk.journal.submit(work).result(30)
    assert one_desk.read("a").version == version


def test_a_deed_sent_again_is_done_once(desk: Desk) -> None:
    first = desk.do(Create("a", {"summary": "火警"}), key="request-1")
    again = desk.do(Create("a", {"summary": "火警"}), key="request-1")
    assert not first.again and again.again and again.facts == () and again.incident == first.incident
    desk.do(Note("a", "记录"), key="request-2")
    desk.do(Note("a", "记录"), key="request-2")
    assert [each.what for each in history(desk.reader, "a")] == ["Created", "Noted"]
    assert not desk.do(LinkCall("a", "c1"), key="request-2").again, "another deed is another request"
    desk.do(Create("b"))
    with pytest.raises(DeedRefused) as caught:
        desk.do(Note("b", "记录"), key="request-2")
    assert caught.value.code == "key_used"
    with pytest.raises(BadValue):
        desk.do(Note("b", "记录"), key="not a key")


def test_a_submission_whose_answer_was_lost_is_sent_again_after_a_restart(places: Places) -> None:
    for _ in range(2):
        journal = Journal.open(places, Registry(TYPES), versions=[VERSIONS])
        desk = Desk(journal)
        desk.do(Create("a"), key="r1")
        done = desk.do(Submit("a", 1, {"type": "house-fire"}), key="r2")
        assert (done.incident.version, done.incident.number) == (3, "20261125-0001")
        journal.close()


def test_others_may_do_more_in_the_same_work_and_all_of_it_is_undone_together(desk: Desk) -> None:
    def submit_and_order(unit: Unit, broken: bool) -> None:
        desk.book.do(unit, Create("a", {"type": "house-fire"}), ZHANG, NOON)
        desk.book.do(unit, Submit("a", 1), ZHANG, NOON)
        unit.record(Draft.of("OrderIssued", NOON, subjects={"incident": "a", "order": "o1"}, body={"by": "dispatch"}))
        desk.book.do(unit, MarkDispatched("a"), DISPATCH, NOON)
        if broken:
            raise OSError("the plan cannot be read")

    with pytest.raises(OSError, match="the plan"):
        desk.journal.submit(lambda unit: submit_and_order(unit, True)).result(30)
    assert reading.incident(desk.reader, "a") is None
    desk.journal.submit(lambda unit: submit_and_order(unit, False)).result(30)
    assert [each.what for each in history(desk.reader, "a")] == ["Created", "Submitted", "OrderIssued", "Dispatched"]
    assert desk.read("a").number == "20261125-0001"


# --- numbers by day ---------------------------------------------------------------------------------------------------


def test_the_day_changes_at_midnight_of_the_centre_and_numbers_begin_again(one_desk: Desk) -> None:
    midnight = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    numbers = []
    for id, at in (("a", -1), ("b", 0), ("c", 1), ("d", 86_399), ("e", 86_400)):
        one_desk.now = midnight + timedelta(seconds=at)
        numbers.append(one_desk.do(Create(id)).incident.number)
    assert numbers == ["20261125-0001", "20261126-0001", "20261126-0002", "20261126-0003", "20261127-0001"]


def test_a_clock_that_steps_back_over_midnight_repeats_no_number(one_desk: Desk) -> None:
    midnight = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    random, numbers = Random(1), []
    for step in range(60):
        one_desk.now = midnight + timedelta(seconds=random.randint(-2, 2))
        numbers.append(one_desk.do(Create(f"i{step}")).incident.number)
    assert len(set(numbers)) == 60
    for day in ("20261125", "20261126"):
        of_day = [number for number in numbers if number.startswith(day)]
        assert of_day == [f"{day}-{serial:04}" for serial in range(1, len(of_day) + 1)]


def test_days_are_those_of_the_centre_s_zone_even_when_its_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert day_of(datetime(2026, 10, 24, 22, 0, tzinfo=UTC), berlin) == "20261025"
    assert day_of(datetime(2026, 10, 25, 22, 59, tzinfo=UTC), berlin) == "20261025"
    assert day_of(datetime(2026, 10, 25, 23, 0, tzinfo=UTC), berlin) == "20261026"


def test_the_ten_thousandth_of_a_day_has_five_digits() -> None:
    assert str(DayNumber("20261125", 10_000)) == "20261125-10000"
    assert DayNumber.read("20261125-10000") == DayNumber("20261125", 10_000)
    assert [DayNumber.read(each) for each in ("20261125-010000", "20261125-1", "x", "２０２６1125-0001")] == [None] * 4


async def test_a_day_s_thousand_incidents_in_one_rush_have_a_thousand_numbers(desk: Desk) -> None:
    # The same statements for both databases: the slower one shows the same with fewer.
    most = 1_000 if desk.reader.dialect.name == "sqlite" else 300

    def work(number: int) -> Any:
        deed = Create(f"i{number}", {"summary": "暴雨"})
        return desk.journal.decide(lambda unit: desk.book.do(unit, deed, ZHANG, NOON))

    done = await asyncio.gather(*(work(number) for number in range(most)))
    assert [each.value.incident.number for each in done] == [f"20261125-{serial:04}" for serial in range(1, most + 1)]
    last, read = None, []
    while page := reading.of_day(desk.reader, "20261125", after=last):
        last, read = page[-1].number, [*read, *page]
    assert [each.id for each in read] == [f"i{number}" for number in range(most)]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_an_incident_is_found_by_id_number_day_call_and_caller(desk: Desk) -> None:
    desk.submitted("a", callback="025-8411 2233", spot=SPOT)
    desk.do(LinkCall("a", "c1", "+8613812345678"))
    made = desk.read("a")
    assert desk.read("20261125-0001") == made
    assert reading.of_day(desk.reader, "20261125") == reading.of_call(desk.reader, "c1") == (made,)
    for number in ("84112233", "+862584112233", "013812345678"):
        assert reading.of_number(desk.reader, FORM.key(number)) == (made,)
    assert reading.of_number(desk.reader, FORM.key("anonymous")) == ()
    assert reading.incident(desk.reader, "20261125-0002") is None


def test_the_open_ones_are_those_that_are_somebody_s_affair(desk: Desk) -> None:
    for id in "abcde":
        desk.submitted(id, callback="13812345678", spot=SPOT)
    desk.do(Create("draft", {"callback": "13812345678", "spot": SPOT}))
    desk.do(Close("a", 3, Result.HANDLED))
    desk.do(Cancel("b", 3, Result.TEST))
    desk.do(Merge("c", 3, "d"))
    desk.do(Reopen("a", 4, "复燃"))
    key, box = FORM.key("13812345678"), Box.around(SPOT.lat, SPOT.lon, 10)
    assert [each.id for each in reading.open_incidents(desk.reader)] == ["a", "d", "e"]
    assert [each.id for each in reading.drafts(desk.reader)] == ["draft"]
    assert [each.id for each in reading.open_incidents(desk.reader, after="20261125-0001", most=1)] == ["d"]
    assert [each.id for each in reading.of_number(desk.reader, key, open_only=True)] == ["e", "d", "a"]
    assert [each.id for each in reading.near(desk.reader, box)] == ["e", "d", "a"]
    assert len(reading.near(desk.reader, box, open_only=False)) == 6
    assert reading.near(desk.reader, box, since=NOON + timedelta(seconds=1)) == ()
    which, found = reading.Which, lambda **asked: [each.id for each in reading.find(desk.reader, **asked)]
    assert found(which=which.OPEN) == ["e", "d", "a"]
    assert found(which=which.OPEN, key=key) == ["e", "d", "a"]
    assert found(which=which.OPEN, key="") == found(day="20251125") == []
    assert found(which=which.DRAFT) == ["draft"]
    everything = found()
    assert everything == found(day="20261125") and set(found(which=which.OVER)) < set(everything)
    assert found(before=desk.read(everything[2]).number, most=2) == everything[3:5]
    assert [each.id for each in reading.merged_into(desk.reader, "d")] == ["c"]
    assert reading.goes_on_in(desk.reader, desk.read("c")) == desk.read("d")


def test_no_reading_walks_through_all_incidents(one_desk: Desk) -> None:
    """They become a million in three years. (PostgreSQL decides by how many there are: a few it reads whole.)"""
    asked: list[tuple[str, Any]] = []
    event.listen(one_desk.reader, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    reading.incident(one_desk.reader, "a")
    reading.incident(one_desk.reader, "20261125-0001")
    reading.of_day(one_desk.reader, "20261125", after="20261125-0100")
    reading.open_incidents(one_desk.reader)
    reading.drafts(one_desk.reader)
    reading.of_call(one_desk.reader, "c1")
    reading.of_number(one_desk.reader, MOBILE, open_only=True)
    reading.near(one_desk.reader, Box.around(32, 118, 1_000))
    reading.near(one_desk.reader, Box.around(32, 118, 1_000), open_only=False)
    for which in (None, *reading.Which):
        reading.find(one_desk.reader, which=which)
        reading.find(one_desk.reader, which=which, before="20261125-0100")
        reading.find(one_desk.reader, which=which, day="20261125", before="20261125-0100")
        reading.find(one_desk.reader, which=which, key=MOBILE)
    reading.merged_into(one_desk.reader, "a")
    reading.to_erase(one_desk.reader, NOON)
    history(one_desk.reader, "a")
    number_history(one_desk.reader, MOBILE, NOON, but="c1")
    calls_to_erase(one_desk.reader, NOON)
    calls_of(one_desk.reader, MOBILE)
    with one_desk.reader.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for statement, values in asked:
            plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            walked = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step]
            assert set(walked) <= {"SCAN chain"}, (statement, plan)


def test_a_box_finds_what_lies_in_it_over_the_180th_meridian_too(desk: Desk) -> None:
    for id, lat, lon in (("east", 10, 179.999), ("west", 10, -179.999), ("far", 10, 179.9), ("north", 10.1, 180)):
        desk.submitted(id, spot=replace(SPOT, lat=lat, lon=lon))
    found = {each.id for each in reading.near(desk.reader, Box.around(10, 180, 500))}
    assert found == {"east", "west"}


def test_history_says_who_changed_what_and_when_and_nothing_is_overwritten(desk: Desk) -> None:
    version = desk.submitted("a", place="中山路18号").version
    desk.now += timedelta(seconds=30)
    desk.do(Amend("a", version, {"place": "中山路80号", "injured": 1}), LI)
    entries = history(desk.reader, "a")
    amended = entries[-1]
    assert (amended.by, amended.at, amended.entry.subjects["seat"]) == ("li-na", desk.now, "seat-02")
    assert dict(amended.changes) == {"place": ("中山路18号", "中山路80号"), "injured": (None, 1)}
    assert [each.what for each in entries] == ["Created", "Amended", "Submitted", "Amended"]
    assert "中山路" not in " ".join(each.entry.text for each in entries), "what can be erased stands apart"


def test_a_split_off_incident_has_the_history_before_the_split_and_its_own(one_desk: Desk) -> None:
    version = one_desk.submitted("a").version
    one_desk.do(Note("a", "前"))
    one_desk.do(Split("a", version + 1, "b", {}))
    one_desk.do(Note("a", "旧"))
    one_desk.do(Note("b", "新"))
    new = [(each.entry.subjects["incident"], each.what) for each in history(one_desk.reader, "b")]
    assert new == [
        ("a", "Created"),
        ("a", "Amended"),
        ("a", "Submitted"),
        ("a", "Noted"),
        ("b", "SplitFrom"),
        ("b", "Noted"),
    ]
    assert [each.what for each in history(one_desk.reader, "a")][-3:] == ["Noted", "SplitOff", "Noted"]


def test_history_of_many_pages_is_whole(one_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.incident.entry.PAGE", 4)
    one_desk.submitted("a")
    for number in range(9):
        one_desk.do(Feedback("a", report="on-scene", unit=f"u{number}"), DISPATCH)
        assert [each.told.version for each in history(one_desk.reader, "a") if each.told] == list(range(1, number + 5))


def test_calls_keep_their_order_when_one_is_taken_off_and_another_comes(desk: Desk) -> None:
    desk.submitted("a")
    for call in ("c3", "c1", "c2"):
        desk.do(LinkCall("a", call))
    desk.do(UnlinkCall("a", "c1"))
    desk.do(LinkCall("a", "c0"))
    desk.do(LinkCall("a", "c1"))
    assert [each.call for each in desk.read("a").calls] == ["c3", "c2", "c0", "c1"]


# --- erasing ----------------------------------------------------------------------------------------------------------

SECRETS = ("王女士", "13812345678", "中山路18号", "厨房起火", "叫她不要怕", "32.0415")


def test_erasing_leaves_nothing_about_persons_in_facts_and_rows_and_the_chain_whole(
    desk: Desk, each_places: Places
) -> None:
    fields = {"reporter": SECRETS[0], "callback": SECRETS[1], "place": SECRETS[2], "summary": SECRETS[3], "spot": SPOT}
    desk.submitted("a", **fields)
    desk.do(LinkCall("a", "c1", SECRETS[1]))
    desk.do(Note("a", SECRETS[4]))
    desk.submitted("b", **fields)
    desk.do(Merge("b", 3, "a"))
    desk.do(Close("a", desk.read("a").version, Result.HANDLED, SECRETS[0]))
    ended = NOON + timedelta(days=1)
    assert reading.to_erase(desk.reader, ended) == ("a",)
    assert reading.to_erase(desk.reader, NOON) == ()
    done = desk.do(Erase("a", "kept for three years"))
    assert {done.incident.id, *(each.id for each in done.others)} == {"a", "b"}
    assert reading.to_erase(desk.reader, ended) == ()
    left = _everything(desk.reader)
    assert not [secret for secret in SECRETS if secret in left]
    for id in "ab":
        entries = history(desk.reader, id)
        assert all(each.entry.personal is None for each in entries) and any(each.erased for each in entries)
        assert replay([each.told for each in entries if each.told]) == desk.read(id)
    assert reading.of_number(desk.reader, FORM.key(SECRETS[1])) == ()
    report = verify(desk.reader, PublicKey.load(each_places.public_key), each_places.heads_file)
    assert report.sound and report.erased == 5

    desk.do(Note("b", SECRETS[0]))
    assert reading.to_erase(desk.reader, ended) == ("a",), "what was said since is found again"
    desk.do(Erase("a", "again"))
    assert SECRETS[0] not in _everything(desk.reader)


def _everything(engine: Engine) -> str:
    """Every value of every table."""
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return " ".join(str(row) for name in names for row in connection.execute(text(f"SELECT * FROM {name}")))


def test_what_is_open_is_not_erased(one_desk: Desk) -> None:
    one_desk.submitted("a", reporter="王女士")
    with pytest.raises(DeedRefused) as caught:
        one_desk.do(Erase("a", "too early"))
    assert caught.value.code == "incident_open"
    assert one_desk.read("a").content.reporter == "王女士"
    one_desk.submitted("b", reporter="李先生")
    one_desk.do(Close("b", 3, Result.HANDLED))
    one_desk.do(Merge("b", 4, "a"))
    assert reading.to_erase(one_desk.reader, NOON + timedelta(days=1)) == (), "it goes on in one that is open"


def test_merge_and_unmerge_leave_rows_as_they_were(one_desk: Desk) -> None:
    one_desk.submitted("a", callback="13812345678")
    one_desk.submitted("b", callback="13912345678")
    one_desk.do(LinkCall("b", "c1", "13912345678"))
    before = _rows_of(one_desk, "b")
    one_desk.do(Merge("b", one_desk.read("b").version, "a"))
    one_desk.do(Unmerge("b"))
    after = _rows_of(one_desk, "b")
    assert {name for name in before if before[name] != after[name]} == {"version"}


def _rows_of(desk: Desk, id: str) -> dict[str, Any]:
    with desk.reader.connect() as connection:
        row = dict(connection.execute(select(incidents).where(incidents.c.id == id)).one()._mapping)
        row["calls"] = connection.execute(select(incident_calls).where(incident_calls.c.incident == id)).all()
        row["numbers"] = connection.execute(select(incident_numbers).where(incident_numbers.c.incident == id)).all()
    return row


def test_a_refused_deed_leaves_no_row_no_fact_and_no_number(desk: Desk) -> None:
    desk.submitted("a")
    before = _everything(desk.reader)
    for deed in (
        Create("a"),
        Split("a", 3, "z", {"type": "nothing"}),
        Split("a", 1, "z", {}),
        Close("a", 1, Result.HANDLED),
    ):
        with suppress(IncidentError):
            desk.do(deed)
            raise AssertionError(deed)
    assert _everything(desk.reader) == before

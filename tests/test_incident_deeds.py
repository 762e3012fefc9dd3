"""What a deed comes to: who may do what, what is refused and why, and what nobody can break."""

from __future__ import annotations

import pytest

from intake.incident import (
    Amend,
    BadValue,
    Cancel,
    Close,
    Create,
    DeedRefused,
    Erase,
    EventClass,
    Feedback,
    Grade,
    IncidentError,
    IncidentState,
    LinkCall,
    LinkIncident,
    MarkDispatched,
    MarkInProgress,
    Merge,
    NoSuchIncident,
    Note,
    Relationship,
    Reopen,
    Result,
    Side,
    Split,
    Stale,
    Submit,
    UnlinkCall,
    Unmerge,
)
from intake.incident import fact as told
from intake.incident.deciding import MOST_CALLS, MOST_MOVED
from tests.incident_room import DISPATCH, LI, Room


def refused(room: Room, deed: object) -> str:
    """The code with which it is refused."""
    with pytest.raises(IncidentError) as caught:
        room.do(deed)
    return caught.value.code


def test_a_call_becomes_a_record_on_which_departments_are_sent() -> None:
    room = Room()
    made = room.create(call="c1", caller="13812345678", called="119", form="fire", place="中山路18号", injured=2)
    assert (made.number, made.state, made.version) == ("20261125-0001", IncidentState.DRAFT, 2)
    assert made.call("c1").caller == "13812345678"
    room.do(Submit("a", 2, {"type": "house-fire", "grade": "II"}))
    room.do(MarkDispatched("a"), DISPATCH)
    room.do(MarkInProgress("a"), DISPATCH)
    room.do(Feedback("a", "火已扑灭", "dept-fire", report="done"), DISPATCH)
    closed = room.do(Close("a", room.version("a"), Result.HANDLED, "无人伤亡")).after["a"]
    assert (closed.state, closed.result, closed.open) == (IncidentState.CLOSED, Result.HANDLED, False)
    assert [type(each).__name__ for each in room.told["a"]] == [
        *("Created", "CallLinked", "Amended", "Submitted", "Dispatched", "Begun", "FedBack", "Closed")
    ]


def test_a_type_brings_its_class_and_a_grade_unless_a_person_gave_one() -> None:
    room = Room()
    room.create("a", type="epidemic")
    assert room.known["a"].content.event_class is EventClass.PUBLIC_HEALTH
    assert room.known["a"].content.grade is Grade.II
    room.create("b", type="epidemic", grade="I")
    assert room.known["b"].content.grade is Grade.I
    room.do(Amend("b", 1, {"type": "house-fire"}))
    assert (room.known["b"].content.grade, room.known["b"].content.event_class) == (Grade.I, EventClass.ACCIDENT)
    room.do(Amend("b", 2, {"type": ""}))
    assert room.known["b"].content.event_class is None


def test_a_draft_without_a_type_is_not_submitted_and_not_brought_to_life_by_cancelling_and_reopening() -> None:
    room = Room()
    room.create()
    assert refused(room, Submit("a", 1)) == "empty"
    room.do(Cancel("a", 1, Result.MISTAKE))
    assert refused(room, Reopen("a", 2, "不是误报")) == "empty"
    reopened = room.do(Reopen("a", 2, "不是误报", {"type": "house-fire"})).after["a"]
    assert reopened.open and reopened.submitted_at == room.now and reopened.result is None


def test_of_two_who_amend_the_same_version_the_second_is_told() -> None:
    room = Room()
    version = room.submitted().version
    room.do(Amend("a", version, {"grade": "I"}), LI)
    with pytest.raises(Stale) as caught:
        room.do(Amend("a", version, {"grade": "IV"}))
    assert caught.value.code == "incident_changed"
    assert (caught.value.incident.content.grade, caught.value.seen) == (Grade.I, version)


@pytest.mark.parametrize(
    "quiet",
    [
        MarkDispatched("a"),
        MarkInProgress("a"),
        LinkCall("a", "c1"),
        LinkIncident("a", "b"),
        Note("a", "记一笔"),
        Feedback("a", "到场"),
        Merge("b", 3, "a"),
    ],
    ids=lambda deed: type(deed).__name__,
)
def test_who_fills_in_a_form_is_not_disturbed_by_what_others_add(quiet: object) -> None:
    room = Room()
    version = room.submitted("a").version
    room.submitted("b")
    room.do(quiet, DISPATCH)
    assert room.version("a") == version + 1
    room.do(Amend("a", version, {"trapped": 2}))
    assert room.known["a"].content.trapped == 2


def test_nobody_closes_or_cancels_an_incident_without_having_seen_the_last_report() -> None:
    room = Room()
    version = room.submitted().version
    room.do(Feedback("a", "复燃"), DISPATCH)
    assert refused(room, Close("a", version, Result.HANDLED)) == "incident_changed"
    assert refused(room, Cancel("a", version, Result.MISTAKE)) == "incident_changed"
    room.do(Close("a", version + 1, Result.HANDLED))


def test_a_version_that_was_never_there_is_refused() -> None:
    room = Room()
    version = room.submitted().version
    assert refused(room, Amend("a", version + 1, {"grade": "I"})) == "incident_changed"


def test_an_amendment_to_the_same_is_no_fact() -> None:
    room = Room()
    room.submitted(place="中山路18号")
    assert room.do(Amend("a", room.version("a"), {"place": "中山路18号", "type": "house-fire"})).facts == ()


def test_what_is_over_is_not_amended_but_hears_late_reports() -> None:
    room = Room()
    room.submitted()
    room.do(Close("a", 3, Result.HANDLED))
    assert refused(room, Amend("a", 4, {"grade": "I"})) == "incident_closed"
    assert refused(room, MarkDispatched("a")) == "incident_closed"
    assert room.do(MarkInProgress("a")).facts == (), "reported late"
    room.do(Note("a", "补记"))
    room.do(Feedback("a", "已归队", "dept-fire"))
    room.do(LinkCall("a", "c7"))
    assert room.known["a"].state is IncidentState.CLOSED


def test_a_reopened_incident_is_open_until_somebody_ends_it_again() -> None:
    room = Room()
    room.submitted()
    room.do(MarkDispatched("a"))
    room.do(Close("a", 4, Result.HANDLED))
    room.do(Reopen("a", 5, "复燃"))
    assert room.known["a"].open and room.known["a"].ended_at is None
    room.do(Feedback("a", "再次到场"))
    room.do(MarkInProgress("a"))
    assert room.known["a"].state is IncidentState.IN_PROGRESS


@pytest.mark.parametrize("result", [Result.MISTAKE, Result.WITHDRAWN, Result.TEST])
def test_each_end_has_its_own_results(result: Result) -> None:
    room = Room()
    room.submitted()
    assert refused(room, Close("a", 3, result)) == "bad_result"
    room.do(Cancel("a", 3, result))


def test_a_true_report_is_not_cancelled_along_with_the_one_it_was_merged_into() -> None:
    room = Room()
    room.submitted("a")
    room.submitted("b")
    room.do(Merge("b", 3, "a"))
    assert refused(room, Cancel("a", room.version("a"), Result.MISTAKE)) == "has_merged"
    room.do(Unmerge("b"))
    room.do(Cancel("a", room.version("a"), Result.MISTAKE))
    assert room.known["b"].open


def test_a_merged_incident_goes_on_in_the_other_and_only_there() -> None:
    room = Room()
    room.submitted("a")
    room.submitted("b")
    facts = room.do(Merge("b", 3, "a")).facts
    assert [(each.incident, each.other, each.side) for each in facts] == [
        ("b", "a", Side.MERGED),
        ("a", "b", Side.KEPT),
    ]
    for deed in (Amend("b", 4, {}), Submit("b", 4), Close("b", 4, Result.HANDLED), Merge("b", 4, "a"), Erase("b", "r")):
        assert refused(room, deed) == "incident_merged"
    assert refused(room, Merge("a", 4, "b")) == "incident_merged", "no circle"
    room.do(Note("b", "原报警人补充"))
    room.do(Feedback("b", "到场"))
    room.do(MarkInProgress("b"))
    assert room.known["b"].state is IncidentState.IN_PROGRESS


def test_merges_may_be_deep_and_are_undone_one_by_one() -> None:
    room = Room()
    for id in "abc":
        room.submitted(id)
    room.do(Merge("c", 3, "b"))
    room.do(Merge("b", room.version("b"), "a"))
    room.do(Unmerge("b"))
    assert room.known["b"].merged == ("c",) and room.known["c"].merged_into == "b"
    assert refused(room, Unmerge("b")) == "not_merged"


@pytest.mark.parametrize("kept", ["draft", "closed", "cancelled"])
def test_nothing_is_merged_into_what_is_not_open(kept: str) -> None:
    room = Room()
    room.create("a", type="house-fire")
    room.submitted("b")
    if kept != "draft":
        room.do(Submit("a", 1))
        room.do(Close("a", 2, Result.HANDLED) if kept == "closed" else Cancel("a", 2, Result.TEST))
    codes = {"draft": "not_submitted", "closed": "incident_closed", "cancelled": "incident_cancelled"}
    assert refused(room, Merge("b", 3, "a")) == codes[kept]


def test_a_split_is_two_histories_and_each_call_is_in_one() -> None:
    room = Room()
    room.submitted("a", place="中山路18号", summary="两处冒烟")
    for call in ("c1", "c2"):
        room.do(LinkCall("a", call, f"1381234567{call[1]}"))
    room.do(MarkDispatched("a"), DISPATCH)
    old_version = room.version("a")
    room.do(Split("a", old_version, "z", {"place": "中山路80号"}, ("c2",)))
    old, new = room.known["a"], room.known["z"]
    assert ([each.call for each in old.calls], [each.call for each in new.calls]) == (["c1"], ["c2"])
    assert new.call("c2").caller == "13812345672"
    assert (old.split_into, new.split_from, new.split_version) == (("z",), "a", old_version)
    assert (old.content.place, new.content.place, new.content.summary) == ("中山路18号", "中山路80号", "两处冒烟")
    assert (old.state, new.state) == (IncidentState.DISPATCHED, IncidentState.SUBMITTED), "nobody is sent on it yet"
    assert new.number != old.number and new.version == 1


def test_a_split_takes_only_calls_that_are_there() -> None:
    room = Room()
    room.submitted()
    assert refused(room, Split("a", 3, "z", {}, ("c9",))) == "call_not_linked"
    assert refused(room, Split("a", 3, "a", {})) == "incident_exists"
    assert refused(room, Split("a", 3, "z", {}, ("c9",) * (MOST_MOVED + 1))) == "too_many_calls"
    assert list(room.known) == ["a"]


def test_a_link_is_seen_from_both_sides() -> None:
    room = Room()
    room.submitted("a")
    room.submitted("b")
    room.do(LinkIncident("a", "b", Relationship.CHILD))
    assert room.known["b"].link("a").relationship is Relationship.PARENT
    assert room.do(LinkIncident("b", "a", Relationship.PARENT)).facts == ()
    assert refused(room, LinkIncident("a", "b")) == "already_linked"
    assert refused(room, LinkIncident("a", "a")) == "same_incident"


def test_a_call_linked_twice_is_one_and_can_be_taken_off() -> None:
    room = Room()
    room.submitted()
    room.do(LinkCall("a", "c1", "13812345678"))
    assert room.do(LinkCall("a", "c1", "13812345678")).facts == ()
    room.do(UnlinkCall("a", "c1"))
    assert room.do(UnlinkCall("a", "c1")).facts == () and not room.known["a"].calls


def test_an_incident_has_no_calls_without_end() -> None:
    room = Room()
    room.submitted()
    made = room.known["a"]
    calls = tuple(told.LinkedCall(f"c{number}", room.now, "li-na") for number in range(MOST_CALLS))
    room.known["a"] = type(made)(**{name: getattr(made, name) for name in made.__slots__} | {"calls": calls})
    assert refused(room, LinkCall("a", "one-more")) == "too_many_calls"


def test_erasing_takes_what_was_merged_along_and_leaves_what_is_no_person() -> None:
    room = Room()
    room.submitted("a", reporter="王", callback="13812345678", place="中山路18号", summary="起火", injured=2)
    room.submitted("b", reporter="李")
    room.do(LinkCall("a", "c1", "13812345678"))
    room.do(Merge("b", 3, "a"))
    assert refused(room, Erase("a", "保存期满")) == "incident_open"
    room.do(Close("a", room.version("a"), Result.HANDLED, "王先生说没事了"))
    room.do(Erase("a", "保存期满"))
    for id in "ab":
        assert room.known[id].erased and room.known[id].content == room.known[id].content.erased()
    assert (room.known["a"].content.injured, room.known["a"].calls[0].caller) == (2, "")
    assert room.do(Erase("a", "again")).facts == ()
    room.do(Note("a", "王先生又来电"))
    assert not room.known["a"].erased, "it says something again"
    assert [each.incident for each in room.do(Erase("a", "again")).facts] == ["a"]


def test_an_incident_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(NoSuchIncident) as caught:
        Room().do(Note("nowhere", "?"))
    assert (caught.value.code, caught.value.incident) == ("no_such_incident", "nowhere")


def test_the_same_id_twice_is_refused() -> None:
    room = Room()
    room.create()
    assert refused(room, Create("a")) == "incident_exists"


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (Note("a", " \n "), "empty"),
        (Note("a", "火" * 2_001), "too_long"),
        (Note("a", "\ud83d"), "half_character"),
        (Feedback("a"), "empty"),
        (Feedback("a", "x", report="On Scene"), "bad_name"),
        (Feedback("a", "x", department="消防"), "bad_id"),
        (Reopen("a", 3, ""), "incident_open"),
        (LinkCall("a", "no id"), "bad_id"),
        (LinkCall("a", ""), "bad_id"),
        (LinkCall("a", "c1", "\udc00"), "half_character"),
        (LinkCall("a", "c1", "1" * 41), "too_long"),
        (Split("a", 3, "新", {}), "bad_id"),
        (Create("新"), "bad_id"),
    ],
)
def test_what_a_deed_cannot_hold_is_refused_with_its_field(deed: object, code: str) -> None:
    room = Room()
    room.submitted()
    with pytest.raises((BadValue, DeedRefused)) as caught:
        room.do(deed)
    assert caught.value.code == code

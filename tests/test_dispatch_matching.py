"""Which plans an incident starts, and why."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.problem import Refused
from dispatch.condition import DAYS, WEEK_MIN, Condition, Window, minute_of_week
from dispatch.department import Departments
from dispatch.drafting import by_hand, drafts
from dispatch.matching import match, weighed
from dispatch.overlap import Known, overlap
from dispatch.plan import Plan
from dispatch.situation import Situation
from dispatch.wording import IncidentWords, OrderText
from intake.incident.kind import EventClass, Grade
from tests.dispatch_plans import KNOWN, centre, plan, situation


def plans(folder: Path, *texts: str) -> list[Plan]:
    return list(centre(folder, *texts).parts(Plan).values())


@pytest.mark.parametrize(
    ("when", "meets", "fails"),
    [
        ("{types: [house-fire, earthquake]}", {}, {"type": "river-flood"}),
        ("{classes: [accident]}", {}, {"event_class": EventClass.EVERYDAY}),
        ("{classes: [accident]}", {}, {"event_class": None}),
        ("{grades: [II, III]}", {}, {"grade": Grade.I}),
        ("{grades: [II, III]}", {}, {"grade": None}),
        ("{areas: [north, south]}", {"areas": frozenset({"south", "old-town"})}, {"areas": frozenset({"old-town"})}),
        ("{areas: [north]}", {}, {"areas": frozenset()}),
        ("{called: [119]}", {}, {"called": "110"}),
        ("{called: [119]}", {}, {"called": ""}),
        (
            "{flags: [trapped, hazmat]}",
            {"flags": frozenset({"trapped", "hazmat", "x"})},
            {"flags": frozenset({"trapped"})},
        ),
        ("{any_flags: [trapped, hazmat]}", {"flags": frozenset({"hazmat"})}, {"flags": frozenset({"x"})}),
        ("{no_flags: [trapped]}", {"flags": frozenset({"x"})}, {"flags": frozenset({"trapped", "x"})}),
        ("{times: [{start: '22:00', end: '06:00'}]}", {}, {"at": datetime(2026, 11, 25, 6, 0)}),
        ("{times: [{days: [wed]}]}", {}, {"at": datetime(2026, 11, 26, 0, 0)}),
        ("{types: [house-fire], grades: [III]}", {}, {"grade": Grade.IV}),
    ],
)
def test_each_condition_holds_and_fails(
    tmp_path: Path, when: str, meets: dict[str, object], fails: dict[str, object]
) -> None:
    found = plans(tmp_path, plan(when=when))
    assert len(match(found, situation(**meets))) == 1  # type: ignore[arg-type]
    assert match(found, situation(**fails)) == ()  # type: ignore[arg-type]


def test_of_several_whens_one_is_enough_and_its_reasons_are_told(tmp_path: Path) -> None:
    text = plan(
        when="{types: [earthquake]}\n  - {types: [house-fire], any_flags: [trapped, hazmat], grades: [II, III]}"
    )
    (found,) = match(plans(tmp_path, text), situation(flags=frozenset({"trapped"})))
    assert found.because() == "types: house-fire, grades: III (II|III), any_flags: trapped (trapped|hazmat)"


def test_every_plan_of_which_a_when_holds_starts_the_most_urgent_first(tmp_path: Path) -> None:
    found = plans(
        tmp_path, plan("b", priority=3), plan("c", priority=9), plan("a", priority=3), plan("d", when="{grades: [I]}")
    )
    assert [each.plan.id for each in match(found, situation())] == ["c", "a", "b"]


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_files_plays_no_part(chance: random.Random) -> None:
    found = [
        Plan.model_validate_json(
            f'{{"id": "{name}", "version": 1, "name": {{"zh": "一", "en": "A"}}, "priority": {priority},'
            f' "when": [{{"types": ["house-fire"]}}], "instead_of": {instead},'
            f' "orders": [{{"department": "fire", "text": {{"zh": "一", "en": "A"}}}}]}}'
        )
        for name, priority, instead in (("a", 5, '["d"]'), ("b", 5, "[]"), ("c", 9, "[]"), ("d", 7, "[]"))
    ]
    chance.shuffle(found)
    assert [each.plan.id for each in match(found, situation())] == ["c", "a", "b"]


def test_a_plan_stands_in_for_another_only_when_it_starts_itself(tmp_path: Path) -> None:
    found = plans(tmp_path, plan("minor", priority=9), plan("major", when="{flags: [trapped]}", instead_of="minor"))
    assert [each.plan.id for each in match(found, situation())] == ["minor"]
    starts, replaced = weighed(found, situation(flags=frozenset({"trapped"})))
    assert [each.plan.id for each in starts] == ["major"]
    assert [(each.plan.id, each.by) for each in replaced] == [("minor", "major")]


def test_of_plans_that_stand_in_for_each_other_in_a_circle_one_starts(tmp_path: Path) -> None:
    two = plans(tmp_path, plan("a", instead_of="b"), plan("b", instead_of="a"))
    assert [each.plan.id for each in match(two, situation())] == ["a"]
    three = plans(tmp_path, plan("a", instead_of="b"), plan("b", instead_of="c", priority=9), plan("c", instead_of="a"))
    assert [each.plan.id for each in match(three, situation())] == ["b", "a"]


def test_who_stands_in_does_so_through_others_as_well(tmp_path: Path) -> None:
    found = plans(tmp_path, plan("a", instead_of="b"), plan("b", instead_of="c"), plan("c"))
    assert [each.plan.id for each in match(found, situation())] == ["a"]


# Windows of time.


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    window = Window(start="22:00", end="06:00", days=("sun",))
    sunday = datetime(2026, 11, 29)
    held = [
        window.holds(minute_of_week(sunday + timedelta(hours=hours)))
        for hours in (-1, 5, 21.99, 22, 23.99, 24, 29.99, 30)  # Monday's first hours are Sunday's night
    ]
    assert held == [False, False, False, True, True, True, True, False]


CLOCKS = st.builds(lambda hour, minute: f"{hour:02d}:{minute:02d}", st.integers(0, 23), st.sampled_from((0, 1, 30, 59)))
WINDOWS = st.builds(
    lambda start, end, days: Window(start=start, end=end, days=tuple(days)),
    CLOCKS,
    CLOCKS,
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
).filter(lambda window: not list(window.complaints()))


@given(WINDOWS, st.integers(0, WEEK_MIN - 1))
def test_a_window_holds_as_the_clock_on_the_wall_says(window: Window, minute: int) -> None:
    day, clock = divmod(minute, 24 * 60)
    now, before = DAYS[day], DAYS[day - 1]
    shown = f"{clock // 60:02d}:{clock % 60:02d}"
    if window.start < window.end:
        expected = now in window.days and window.start <= shown < window.end
    else:
        expected = (now in window.days and shown >= window.start) or (before in window.days and shown < window.end)
    assert window.holds(minute) == expected


# Two conditions for one incident: what `overlap` says is never contradicted by an incident.

NAMES = st.sampled_from(("trapped", "hazmat", "casualties"))
CONDITIONS = st.builds(
    lambda types, grades, flags, any_flags, no_flags, times: Condition(
        types=tuple(types),
        grades=tuple(grades),
        flags=tuple(flags),
        any_flags=tuple(any_flags),
        no_flags=tuple(no_flags),
        times=tuple(times),
    ),
    st.lists(st.sampled_from(("house-fire", "river-flood")), max_size=2, unique=True),
    st.lists(st.sampled_from(Grade), max_size=2, unique=True),
    st.lists(NAMES, max_size=2, unique=True),
    st.lists(NAMES, max_size=2, unique=True),
    st.lists(NAMES, max_size=2, unique=True),
    st.lists(WINDOWS, max_size=2),
)
SITUATIONS = st.builds(
    lambda type, grade, flags, minute: Situation(
        type, None, grade, frozenset(), datetime(2026, 11, 23) + timedelta(minutes=minute), "119", frozenset(flags)
    ),
    st.sampled_from(("house-fire", "river-flood")),
    st.sampled_from(Grade),
    st.lists(NAMES, unique=True),
    st.integers(0, WEEK_MIN - 1),
)


@given(CONDITIONS, CONDITIONS, SITUATIONS)
def test_two_conditions_that_one_incident_meets_overlap(first: Condition, second: Condition, one: Situation) -> None:
    if first.reasons(one) is not None and second.reasons(one) is not None:
        assert overlap(first, second, KNOWN)
    assert overlap(first, second, Known()) == overlap(second, first, Known())


# Orders.


def test_where_two_plans_order_one_department_the_more_urgent_plan_s_order_stands(tmp_path: Path) -> None:
    loaded = centre(
        tmp_path,
        plan("a", priority=3, zh="一般", deadline_s=300)
        + "  - {department: police, text: {zh: 维持秩序, en: Keep order}}\n",
        plan("b", priority=9, zh="紧急"),
    )
    departments = loaded.part(Departments)
    made = drafts(match(loaded.parts(Plan).values(), situation()), departments, IncidentWords("1"))
    assert [(each.department, each.text, each.plan, each.priority) for each in made] == [
        ("fire", "紧急", "b", 9),
        ("police", "Keep order", "a", 3),
    ]
    assert [each.deadline_s for each in made] == [120, 120]


def test_an_order_without_a_deadline_has_the_centre_s_and_one_by_hand_needs_no_plan(tmp_path: Path) -> None:
    departments = centre(tmp_path).part(Departments)
    police = departments.department("police")
    assert police is not None
    text = OrderText(zh="请到{place}", en="Go to {place}")
    made = by_hand(police, departments, text, IncidentWords("1", place="the bridge"), None)
    assert (made.text, made.deadline_s, made.plan, made.priority) == ("Go to the bridge", 120, None, 5)
    assert made.ladder == police.ladder
    assert made.prompt_s > 12


def test_a_refused_complaint_names_its_code(tmp_path: Path) -> None:
    (condition,) = plans(tmp_path, plan())[0].when
    assert list(condition.complaints()) == []
    assert [each.code for each in Condition().complaints()] == ["no_condition"]
    assert isinstance(next(Condition().complaints()), Refused)

"""Each lint with what it finds, and with what looks like it and is right."""

from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.overlap import Known
from tests.dispatch_plans import DEPARTMENTS, KNOWN, centre, found, plan

# no_match_possible


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{types: [hous-fire]}", "none of these exists: hous-fire (did you mean house-fire?)"),
        ("{areas: [nroth]}", "none of these exists: nroth (did you mean north?)"),
        ("{called: [12345]}", "none of these exists: 12345"),
        ("{flags: [traped]}", "no incident ever has the flag traped (did you mean trapped?)"),
        ("{any_flags: [traped]}", "none of these exists: traped"),
        ("{flags: [trapped], no_flags: [trapped]}", "the flag trapped is wanted and not wanted"),
        ("{any_flags: [trapped, hazmat], no_flags: [hazmat, trapped]}", "every one of these flags is not wanted"),
        ("{types: [river-flood], classes: [accident]}", "none of these types is of one of these classes"),
    ],
)
def test_a_when_that_no_incident_can_meet_is_found(tmp_path: Path, when: str, told: str) -> None:
    (problem,) = found(centre(tmp_path, plan(when=when)))
    assert problem.startswith("plans/1.yaml:6:")
    assert f"no incident can match: {told}" in problem


@pytest.mark.parametrize(
    "when",
    [
        "{types: [hous-fire, house-fire]}",  # one of them exists
        "{areas: [nroth, south]}",
        "{called: [12345, 119]}",
        "{any_flags: [traped, trapped]}",
        "{flags: [trapped], no_flags: [hazmat]}",
        "{any_flags: [trapped, hazmat], no_flags: [hazmat]}",
        "{types: [river-flood, house-fire], classes: [accident]}",
        "{no_flags: [traped]}",  # true of every incident
    ],
)
def test_a_when_that_some_incident_can_meet_is_right(tmp_path: Path, when: str) -> None:
    assert found(centre(tmp_path, plan(when=when))) == []


def test_what_a_centre_does_not_know_is_not_looked_at(tmp_path: Path) -> None:
    when = "{types: [anything], areas: [anywhere], called: [999], flags: [whatever]}"
    assert found(centre(tmp_path, plan(when=when)), Known()) == []
    assert len(found(centre(tmp_path, plan(when=when)), KNOWN)) == 4


# department_without_number


def test_a_department_that_nobody_can_call_is_found(tmp_path: Path) -> None:
    text = DEPARTMENTS + "  - {id: gas, name: {zh: 供气, en: Gas}}\n"
    assert found(centre(tmp_path, plan(), departments=text)) == [
        "departments.yaml:4:5: departments[2].ladder: nobody can call gas: its ladder has no line"
    ]


def test_a_plan_s_own_ladder_without_a_line_is_found(tmp_path: Path) -> None:
    (problem,) = found(centre(tmp_path, plan() + "    ladder: {}\n"))
    assert "plans/1.yaml:12:13: orders[0].ladder: nobody can call fire by this" in problem


def test_a_department_with_an_endpoint_instead_of_a_number_is_right(tmp_path: Path) -> None:
    assert found(centre(tmp_path, plan(department="police"))) == []


# deadline_too_short: fire rings 20 s + 20 s, the frame takes 12 s, and the place some 16 syllables.


def test_a_deadline_before_every_line_has_rung_and_the_order_was_spoken_is_found(tmp_path: Path) -> None:
    (problem,) = found(centre(tmp_path, plan(deadline_s=56)))
    assert problem == (
        "plans/1.yaml:9:5: orders[0]: ringing every line once takes 40 s and speaking the order some 17 s, "
        "the deadline is after 56 s"
    )


def test_a_deadline_just_after_that_is_right(tmp_path: Path) -> None:
    assert found(centre(tmp_path, plan(deadline_s=57))) == []


def test_lines_that_ring_together_need_the_time_of_the_longest_only(tmp_path: Path) -> None:
    ladder = "    ladder: {{ring: {}, lines: [{{number: 1, ring_s: 20}}, {{number: 2, ring_s: 20}}]}}\n"
    assert found(centre(tmp_path, plan(deadline_s=40) + ladder.format("any-one"))) == []
    assert len(found(centre(tmp_path, plan(deadline_s=40) + ladder.format("in-turn")))) == 1


def test_the_centre_s_own_deadline_is_held_to_the_same(tmp_path: Path) -> None:
    text = plan().replace("    deadline_s: 120\n", "")
    assert found(centre(tmp_path, text, departments=DEPARTMENTS + "calling: {deadline_s: 56}\n")) != []
    assert found(centre(tmp_path, text, departments=DEPARTMENTS + "calling: {deadline_s: 57}\n")) == []


# plans_contradict


def contradict(tmp_path: Path, *changes: dict[str, object]) -> list[str]:
    first, second = changes
    return found(centre(tmp_path, plan("a", **first), plan("b", **({"zh": "请增援"} | second))))


def test_two_plans_that_order_one_department_differently_with_nothing_to_decide_are_found(tmp_path: Path) -> None:
    assert contradict(tmp_path, {}, {}) == [
        "plans/2.yaml:9:5: orders[0]: a (plans/1.yaml) can start with this plan and orders fire otherwise: "
        "give one of them a higher priority, or let one stand in for the other"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"priority": 6}),
        ({}, {"instead_of": "a"}),
        ({"instead_of": "b"}, {}),
        ({}, {"department": "police"}),
        ({"when": "{grades: [I, II]}"}, {"when": "{grades: [III]}"}),
        ({"when": "{flags: [trapped]}"}, {"when": "{no_flags: [trapped]}"}),
        ({"when": "{areas: [north]}"}, {"when": "{areas: [south]}"}),
        ({"when": "{called: [110]}"}, {"when": "{called: [119]}"}),
        ({"when": "{types: [river-flood]}"}, {"when": "{classes: [accident]}"}),
        (
            {"when": "{times: [{start: '06:00', end: '22:00'}]}"},
            {"when": "{times: [{start: '22:00', end: '06:00'}]}"},
        ),
        ({"when": "{times: [{days: [mon]}]}"}, {"when": "{times: [{days: [tue, sun]}]}"}),
        ({}, {"zh": "{place}起火"}),  # the same order
    ],
)
def test_two_plans_with_something_to_decide_between_them_or_never_together_are_right(
    tmp_path: Path, first: dict[str, object], second: dict[str, object]
) -> None:
    assert contradict(tmp_path, first, second) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"when": "{grades: [I, II]}"}, {"when": "{grades: [II]}"}),
        ({"when": "{flags: [trapped]}"}, {"when": "{flags: [hazmat]}"}),
        ({"when": "{areas: [north]}"}, {"when": "{areas: [old-town]}"}),  # of another layer
        ({"when": "{types: [house-fire]}"}, {"when": "{classes: [accident]}"}),
        (
            {"when": "{times: [{start: '06:00', end: '22:01'}]}"},
            {"when": "{times: [{start: '22:00', end: '06:00'}]}"},
        ),
        ({"when": "{times: [{start: '23:00', end: '01:00', days: [sun]}]}"}, {"when": "{times: [{days: [mon]}]}"}),
        ({}, {"zh": "{place}起火", "deadline_s": 119}),
    ],
)
def test_two_plans_that_one_incident_can_start_are_found(
    tmp_path: Path, first: dict[str, object], second: dict[str, object]
) -> None:
    assert len(contradict(tmp_path, first, second)) == 1


def test_areas_of_which_nothing_is_known_are_taken_for_side_by_side(tmp_path: Path) -> None:
    loaded = centre(tmp_path, plan("a", when="{areas: [north]}"), plan("b", when="{areas: [old-town]}", zh="请增援"))
    assert found(loaded, replace(KNOWN, areas=None)) == []


def test_plans_that_stand_in_for_each_other_are_found_and_one_for_another_is_right(tmp_path: Path) -> None:
    circle = found(centre(tmp_path, plan("a", instead_of="b"), plan("b", instead_of="c"), plan("c", instead_of="a")))
    assert [each.partition(": instead_of[0]: ")[2] for each in circle] == [
        "a and b stand in for each other",
        "b and c stand in for each other",
        "c and a stand in for each other",
    ]
    assert found(centre(tmp_path, plan("a", instead_of="b"), plan("b", instead_of="c"), plan("c"))) == []


# What is no lint but an error.


def test_a_department_or_a_plan_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    assert found(centre(tmp_path, plan("a", department="fier", instead_of="bb"), plan("b", when="{grades: [I]}"))) == [
        'plans/1.yaml:9:17: orders[0].department: got "fier"; allowed: fire, police (did you mean fire?)',
        'plans/1.yaml:7:14: instead_of[0]: got "bb"; allowed: a, b (did you mean b?)',
    ]


def test_an_id_that_two_plans_have_is_an_error(tmp_path: Path) -> None:
    assert found(centre(tmp_path, plan("a"), plan("a"))) == [
        "plans/2.yaml:1:5: id: a is the id of plans/1.yaml already"
    ]

"""departments.yaml and plans/*.yaml: what is refused, with file and line, and what it is taken for."""

from pathlib import Path

import pytest

from config.field import Language, Wording
from dispatch.department import Departments
from dispatch.ladder import DutyLine, Ladder, Ring
from dispatch.plan import Plan
from dispatch.wording import IncidentWords, OrderText, spoken_s
from intake.incident.kind import Grade
from tests.dispatch_plans import centre, plan, refused


def test_numbers_stay_the_text_that_was_written_and_patience_has_defaults(tmp_path: Path) -> None:
    fire, police = centre(tmp_path).part(Departments).departments
    assert fire.ladder.lines[0] == DutyLine(number="87000119", ring_s=20)
    assert (fire.ladder.ring, fire.ladder.lines[0].tries, fire.ladder.lines[0].wait_s) == (Ring.IN_TURN, 2, 15)
    assert (police.ladder.lines[0].key, police.language) == ("duty-police", Language.EN)


def test_a_centre_without_departments_and_plans_is_one(tmp_path: Path) -> None:
    assert centre(tmp_path, departments="").part(Departments).departments == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{}", "departments[0].ladder.lines[0].number: a line has either a number or an endpoint"),
        ("{number: 1, endpoint: a}", "lines[0].number: a line has either a number or an endpoint"),
        ("{endpoint: a, trunk: city}", "lines[0].trunk: a telephone of this centre needs no trunk"),
        ("{number: 1}, {number: 1}", 'lines[1]: "1" stands already at lines[0]'),
        ("{number: 12-34}", 'number: got "12-34"; allowed: 1 to 20 digits, with or without a + before them'),
        ("{number: 1, ring_s: 2}", "ring_s: got 2; allowed: a whole number from 5 to 120 s"),
        ("{number: 1, tries: 0}", "tries: got 0; allowed: a whole number from 1 to 10"),
        ("{number: 1, rings_s: 9}", "rings_s: unknown key; allowed: number, trunk, endpoint, ring_s"),
    ],
)
def test_a_duty_line_that_cannot_be_is_refused_where_it_stands(tmp_path: Path, line: str, told: str) -> None:
    text = f"departments:\n  - {{id: fire, name: {{zh: 消防, en: Fire}}, ladder: {{lines: [{line}]}}}}\n"
    (problem,) = refused(tmp_path, departments=text)
    assert problem.startswith("departments.yaml:2:")
    assert told in problem


def test_a_department_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = "departments:\n" + 2 * "  - {id: fire, name: {zh: 消防, en: Fire}}\n"
    assert refused(tmp_path, departments=text) == [
        'departments.yaml:3:10: departments[1].id: "fire" stands already at departments[0].id'
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"when": "{}"}, "plans/1.yaml:6:5: when[0]: it asks for nothing, so everything would match"),
        ({"when": "{type: [house-fire]}"}, "when[0].type: unknown key; allowed: types, classes"),
        ({"when": "{grades: [V]}"}, 'plans/1.yaml:6:15: when[0].grades[0]: got "V"; allowed: I, II, III, IV'),
        ({"when": "{flags: [trapped, trapped]}"}, 'flags[1]: "trapped" stands already at flags[0]'),
        ({"when": "{classes: [fire]}"}, "when[0].classes[0]: got"),
        ({"when": "{times: [{start: 8:30}]}"}, 'times[0].start: got "8:30"; allowed: a time of day as 08:30'),
        ({"when": "{times: [{start: '08:00', end: '08:00'}]}"}, "times[0].end: it ends as it starts"),
        ({"when": "{times: [{start: '24:00'}]}"}, "times[0].start: the day is over at 24:00"),
        ({"when": "{times: [{days: []}]}"}, "times[0].days: it starts on no day"),
        ({"when": "{times: [{days: [mon, mon]}]}"}, 'days[1]: "mon" stands already at days[0]'),
        ({"instead_of": "house-fire"}, "instead_of[0]: a plan cannot stand in for itself"),
        ({"priority": 11}, "priority: got 11; allowed: a whole number from 0 to 10"),
        ({"deadline_s": 5}, "deadline_s: got 5; allowed: a whole number from 10 to 3600 s"),
        ({"zh": "{palce}起火"}, 'text.zh: "{palce}" stands for nothing; allowed: {number}, {type}'),
        ({"zh": "{place!r}起火"}, 'text.zh: "{place}" stands for nothing'),
        ({"zh": "{place起火"}, "text.zh: a brace without its other half"),
        ({"zh": "火" * 401}, "text.zh: 401 characters; allowed: up to 400 characters"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_where_it_stands(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    problems = refused(tmp_path, plan(**changes))  # type: ignore[arg-type]
    assert len(problems) == 1, problems
    assert told in problems[0]
    assert problems[0].startswith("plans/1.yaml:")


def test_a_mistyped_name_in_a_text_is_told_what_was_meant(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, plan(zh="{palce}起火"))
    assert problem.endswith("(did you mean {place}?)")


def test_a_plan_without_orders_or_conditions_is_refused(tmp_path: Path) -> None:
    text = "id: a\nversion: 1\nname: {zh: 一, en: A}\nwhen: []\norders: []\n"
    assert [each.partition("; ")[0] for each in refused(tmp_path, text)] == [
        "plans/1.yaml:4:7: when: the list is empty",
        "plans/1.yaml:5:9: orders: the list is empty",
    ]


def test_a_department_is_ordered_once_a_plan(tmp_path: Path) -> None:
    text = plan() + "  - {department: fire, text: {zh: 一, en: A}}\n"
    (problem,) = refused(tmp_path, text)
    assert 'orders[1].department: "fire" stands already at orders[0].department' in problem


def test_a_plan_may_bring_another_ladder(tmp_path: Path) -> None:
    text = plan() + "    ladder: {ring: any-one, lines: [{number: 1}, {number: 2}]}\n"
    (loaded,) = centre(tmp_path, text).parts(Plan).values()
    assert loaded.orders[0].ladder == Ladder(ring=Ring.ANY_ONE, lines=(DutyLine(number="1"), DutyLine(number="2")))


# Texts.

TEXT = OrderText(zh="{place}发生{type}，{grade}。{summary}", en="{type} at {place}, grade {grade}. {summary}")
WORDS = IncidentWords("20261125-0001", Wording(zh="火灾", en="Fire"), Grade.II, "民安路12号", "三层冒烟", time="23:15")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.ZH, "民安路12号发生火灾，二级。三层冒烟"),
        (Language.EN, "Fire at 民安路12号, grade 2. 三层冒烟"),
    ],
)
def test_an_order_is_said_in_the_department_s_language_with_what_is_known(language: Language, said: str) -> None:
    assert TEXT.said(language, WORDS.values(language, Wording(zh="消防", en="Fire"), None)) == said


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    values = IncidentWords("1").values(Language.ZH, Wording(zh="消防", en="Fire"), None)
    assert TEXT.said(Language.ZH, values) == "不详地点发生不明警情，等级不详。"
    assert TEXT.said(Language.EN, {}) == "Unknown incident at an unknown place, grade unknown."


def test_a_long_report_is_shortened_and_put_in_one_line_for_the_telephone() -> None:
    words = IncidentWords("1", summary="浓烟\n\x00很大\ud800" + "火" * 4000)
    said = words.values(Language.ZH, Wording(zh="消防", en="Fire"), None)["summary"]
    assert said.startswith("浓烟 很大 火")
    assert len(said) == 120
    assert said.endswith("…")


def test_braces_in_what_people_wrote_stay_what_they_are() -> None:
    words = IncidentWords("1", place="{summary}", summary="{place}")
    assert "{summary}" in TEXT.said(Language.ZH, words.values(Language.ZH, Wording(zh="消防", en="F"), None))


def test_speaking_takes_about_as_long_as_it_takes() -> None:
    assert 5 < spoken_s("民安路十二号发生火灾请立即出动前往扑救", Language.ZH) < 6
    assert 3 < spoken_s("Fire at twelve Min'an Road, respond at once", Language.EN) < 4
    assert spoken_s("", Language.ZH) == 0

"""The files `people.yaml` and `intake.yaml`, and the small structures that the distribution rests on."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.centre import load
from config.problem import ConfigErrors
from intake.deadline import Deadlines, Due
from intake.need import Need
from intake.order import Order
from intake.people import People
from intake.settings import IntakeSettings
from intake.steady import SteadyTime
from intake.strategy import SORTING, Strategy

PEOPLE = """
people:
  - id: zhang-wei
    number: 1001
    name: {zh: 张伟, en: Zhang Wei}
    skills: {police: 5, fire: 3}
    languages: [zh, en]
  - id: li-na
    number: "1002"
    name: {zh: 李娜, en: Li Na}
    skills: {medical: 9}
"""
INTAKE = """
strategy: best-skill
offer_s: 8
widen: [1, 3, all]
wrap_up_s: 20
pause_reasons: [rest, meal]
services:
  fire: {priority: 8}
"""


def loaded(folder: Path, people: str = PEOPLE, intake: str = INTAKE) -> tuple[People, IntakeSettings]:
    (folder / "people.yaml").write_text(people, encoding="utf-8")
    (folder / "intake.yaml").write_text(intake, encoding="utf-8")
    centre = load(folder, {"people": People, "intake": IntakeSettings})
    return centre.part(People), centre.part(IntakeSettings)


def refused(folder: Path, people: str = PEOPLE, intake: str = INTAKE) -> list[str]:
    with pytest.raises(ConfigErrors) as errors:
        loaded(folder, people, intake)
    return [f"{problem.file}:{problem.line} {problem.path} {problem.code}" for problem in errors.value.problems]


def test_people_and_intake_are_read_as_they_are_written(tmp_path: Path) -> None:
    people, intake = loaded(tmp_path)
    zhang, li = people.people
    assert (zhang.name.zh, zhang.level(Need("fire")), zhang.level(Need())) == ("张伟", 3, 5)
    assert zhang.meets(Need("fire", "en"))
    assert not li.meets(Need("medical", "en"))
    assert set(li.needs()) == {Need(), Need("medical"), Need(None, "zh"), Need("medical", "zh")}
    assert [intake.width(tries) for tries in range(4)] == [1, 3, None, None]
    assert [intake.priority(service) for service in ("fire", "police", None)] == [8, 5, 5]


def test_a_centre_without_these_files_has_defaults(tmp_path: Path) -> None:
    centre = load(tmp_path, {"people": People, "intake": IntakeSettings})
    assert centre.part(People).people == ()
    assert centre.part(IntakeSettings).strategy is Strategy.LONGEST_IDLE


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("people", "fire: 3", "fire: 10", "people.yaml:6 people[0].skills.fire out_of_range"),
        ("people", "id: li-na", "id: zhang-wei", "people.yaml:8 people[1].id repeated"),
        ("people", "1002", "1001", "people.yaml:9 people[1].number repeated"),
        ("people", "[zh, en]", "[zh, zh]", "people.yaml:7 people[0].languages[1] repeated"),
        ("people", "[zh, en]", "[fr]", "people.yaml:7 people[0].languages[0] wrong_value"),
        ("people", "skills: {medical: 9}", "skill: {medical: 9}", "people.yaml:11 people[1].skill unknown_key"),
        ("intake", "best-skill", "fastest", "intake.yaml:2 strategy wrong_value"),
        ("intake", "[1, 3, all]", "[3, 1]", "intake.yaml:4 widen[1] narrower"),
        ("intake", "[1, 3, all]", "[all, 3]", "intake.yaml:4 widen[1] narrower"),
        ("intake", "[rest, meal]", "[rest, no-answer]", "intake.yaml:6 pause_reasons[1] reserved_reason"),
        ("intake", "[rest, meal]", "[rest, rest]", "intake.yaml:6 pause_reasons[1] repeated"),
        ("intake", "offer_s: 8", "offer_s: 1", "intake.yaml:3 offer_s out_of_range"),
        ("intake", "priority: 8", "priority: 11", "intake.yaml:8 services.fire.priority out_of_range"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    texts = {"people": PEOPLE, "intake": INTAKE}
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new)
    assert told in refused(tmp_path, **texts)


def test_a_skill_that_is_no_service_of_the_centre_is_found(tmp_path: Path) -> None:
    people, _ = loaded(tmp_path)
    (wrong,) = people.unknown_skills(("police", "fire", "medcal"))
    assert (wrong.code, wrong.path, wrong.nearest) == ("no_such_service", ("people", 1, "skills", "medical"), "medcal")


@given(
    st.lists(st.tuples(st.sampled_from(["put", "drop"]), st.text("abcdef", min_size=1, max_size=2), st.integers(0, 5)))
)
def test_an_order_is_a_sorted_dictionary(acts: list[tuple[str, str, int]]) -> None:
    order, model = Order(), {}
    for act, name, key in acts:
        if act == "put":
            order.put(name, (key,))
            model[name] = (key,)
        else:
            order.drop(name)
            model.pop(name, None)
    right = sorted(model, key=lambda name: (model[name], name))
    assert list(order) == right == order.take(None)
    assert [order.place(name) for name in right] == list(range(1, len(right) + 1))
    assert all(name in order for name in right)


def test_a_deadline_that_is_moved_or_dropped_does_not_fall_due() -> None:
    deadlines = Deadlines(Due)
    for subject, at in (("a", 5.0), ("b", 1.0), ("c", 2.0)):
        deadlines.put(Due.WRAP_UP, subject, at)
    deadlines.put(Due.WRAP_UP, "b", 3.0)
    deadlines.drop(Due.WRAP_UP, "c")
    assert deadlines.next() == 3.0
    assert list(deadlines.fallen(4.0)) == [(Due.WRAP_UP, "b")]
    assert deadlines.next() == 5.0


@given(st.lists(st.floats(-1e6, 1e6)))
def test_steady_time_never_goes_back_and_keeps_every_step_forward(shown: list[float]) -> None:
    steady = SteadyTime()
    times = [steady.at(now) for now in shown]
    for (one, other), (before, after) in zip(pairwise(times), pairwise(shown), strict=True):
        assert other - one == pytest.approx(max(0.0, after - before), abs=1e-3)
    if shown:
        assert steady.shown(times[-1]) == pytest.approx(shown[-1], abs=1e-3)


def test_no_strategy_ever_chooses_by_chance() -> None:
    for sort in SORTING.values():
        assert sort(5, 1.0, 3, 1) < sort(5, 1.0, 3, 2)

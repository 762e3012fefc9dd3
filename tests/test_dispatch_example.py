"""The example city's departments and plans, and dry runs on given incidents."""

import shutil
from pathlib import Path

import pytest

from config.centre import Centre
from config.problem import ConfigErrors
from dispatch.department import Departments
from dispatch.plan import Plan
from liandong.centre import EXAMPLE, load_centre
from liandong.planning import against, known, lints

CASES = {
    "kitchen": ("house-fire", "18:00", "", "house-fire"),
    "trapped": ("house-fire", "23:15", "children", "major-fire"),
    "hazmat": ("factory-fire", "03:00", "hazmat", "dangerous-goods"),
    "ward": ("power-cut", "03:00", "hospital", "power-cut-hospital"),
    "street": ("power-cut", "03:00", "", "power-cut"),
    "water": ("water-cut", "08:00", "", "water-cut"),
    "gas": ("gas-cut", "08:00", "", "gas-cut"),
    "food": ("food-shortage", "08:00", "", "food-shortage"),
    "cold-day": ("heating-cut", "12:00", "", "heating-cut"),
    "cold-night": ("heating-cut", "02:00", "", "heating-cut-night"),
    "theft": ("theft", "12:00", "", ""),
}
TEXT = "name: {}\ntype: {}\ngrade: IV\nat: 2026-11-25 {}\ncalled: 119\nflags: [{}]\nexpect: [{}]\n"
GIVEN = {name: TEXT.format(name, *case) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def example() -> Centre:
    return load_centre(EXAMPLE)


def given(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_fifteen_departments_of_the_trades_are_there_each_with_two_lines_of_its_own(example: Centre) -> None:
    departments = example.part(Departments).departments
    assert len(departments) == 15
    trades = "公安 消防救援 急救 交通管理 市长热线 供水 供电 供气 供暖 市政 疾控 防汛 抗震 人防 粮食物资"
    assert [each.name.zh for each in departments] == trades.split()
    assert {word for each in departments for word in each.words} >= {"110", "119", "120", "122", "12345"}
    keys = [line.key for each in departments for line in each.ladder.lines]
    assert len(keys) == len(set(keys)) == 30
    assert all(key.startswith("8700") for key in keys)


def test_every_department_is_in_some_plan_and_the_four_failures_are_planned(example: Centre) -> None:
    plans = list(example.parts(Plan).values())
    assert len(plans) >= 12
    assert {each.id for each in plans} >= {"power-cut", "water-cut", "gas-cut", "food-shortage"}
    ordered = {action.department for each in plans for action in each.orders}
    assert ordered == {each.id for each in example.part(Departments).departments}


def test_every_plan_s_file_is_named_for_it(example: Centre) -> None:
    assert {file: f"plans/{each.id}.yaml" for file, each in example.parts(Plan).items()} == {
        file: file for file in example.parts(Plan)
    }


def test_the_lints_find_nothing_in_the_example(example: Centre) -> None:
    assert list(lints(example)) == []


def test_what_the_example_has_is_known_to_its_lints(example: Centre) -> None:
    has = known(example)
    assert has.areas is not None
    assert has.areas["qiming"] == "district"
    assert has.types is not None
    assert "house-fire" in has.types
    assert has.called is not None
    assert "119" in has.called


def test_given_incidents_start_the_plans_that_are_expected_and_ring_nobody(example: Centre, tmp_path: Path) -> None:
    tried, problems = against(example, given(tmp_path, **GIVEN))
    assert problems == ()
    assert len(tried) == len(GIVEN)


def test_a_dry_run_shows_who_would_be_ordered_what_and_why(example: Centre, tmp_path: Path) -> None:
    text = GIVEN["trapped"] + "place: 晨光路18号\nsummary: 二楼冒烟\n"
    ((tried,), _) = against(example, given(tmp_path, one=text))
    lines = list(tried.lines())
    assert lines[:3] == [
        "trapped:",
        "  plan major-fire version 1: types: house-fire (house-fire|vehicle-fire|outdoor-fire), "
        "any_flags: children (trapped|casualties|crowded|children|school|hospital)",
        "  not house-fire: major-fire stands in for it",
    ]
    assert lines[3].startswith("  → fire within 90 s, in-turn 87000119, 87001119: 晨光路18号发生居民住宅火灾，")
    assert len(lines) == 3 + 7


def test_a_plan_that_is_expected_and_does_not_start_is_told_with_file_and_line(example: Centre, tmp_path: Path) -> None:
    text = GIVEN["kitchen"].replace("[house-fire]", "[major-fire, hose-fire]")
    _, problems = against(example, given(tmp_path, kitchen=text))
    assert sorted(str(each).partition("; allowed")[0] for each in problems) == [
        'kitchen.yaml:7:22: expect[1]: got "hose-fire"',
        "kitchen.yaml:7:9: expect: these plans start: house-fire",
    ]
    assert any("did you mean house-fire?" in str(each) for each in problems)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("at: 2026-11-25 18:00", "at: yesterday"),
        ("at: 2026-11-25 18:00", "at: 2026-11-25T18:00+08:00"),
        ("grade: IV", "grade: 4"),
        ("type: house-fire", "kind: house-fire"),
    ],
)
def test_a_given_incident_that_cannot_be_is_refused_with_file_and_line(
    example: Centre, tmp_path: Path, change: str, told: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        against(example, given(tmp_path, one=GIVEN["kitchen"].replace(change, told)))
    assert str(caught.value.problems[0]).startswith("one.yaml:")


def test_a_folder_that_is_not_there_is_refused(example: Centre, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors):
        against(example, tmp_path / "gone")


def test_a_centre_whose_plan_names_a_department_that_is_not_there_does_not_load(tmp_path: Path) -> None:
    folder = tmp_path / "centre"
    shutil.copytree(EXAMPLE, folder)
    path = folder / "plans" / "gas-cut.yaml"
    path.write_text(path.read_text("utf-8").replace("department: heating", "department: heatin"), encoding="utf-8")
    path = folder / "departments.yaml"
    path.write_text(path.read_text("utf-8").replace("87001345, trunk: city", "87001345, trunk: town"), encoding="utf-8")
    with pytest.raises(ConfigErrors) as caught:
        load_centre(folder)
    told = [str(each) for each in caught.value.problems]
    assert [each.partition(": got")[0] for each in told] == [
        "departments.yaml:45:37: departments[4].ladder.lines[1].trunk",
        "plans/gas-cut.yaml:11:17: orders[1].department",
    ]
    assert "did you mean heating?" in told[1]

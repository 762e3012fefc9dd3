"""The centre in which the demo plays is the example, but for little, and as right as it."""

from pathlib import Path

from dispatch.plan import Plan
from liandong.centre import EXAMPLE, load_centre
from liandong.check import check
from liandong.play.stage import CHANGES, DEADLINE_S, set_stage
from telephony.settings import TelephonySettings


def test_the_demo_s_centre_is_the_example_but_for_a_few_lines_and_passes_the_check(tmp_path: Path) -> None:
    folder = set_stage(tmp_path / "centre", "127.0.0.2:40000")
    assert check(folder) == 0
    centre = load_centre(folder)
    assert centre.part(TelephonySettings).trunks[0].contact == "127.0.0.2:40000"
    police = next(each for each in centre.parts(Plan)["plans/major-fire.yaml"].orders if each.department == "police")
    assert police.deadline_s == DEADLINE_S
    changed = {"telephony.yaml", *(file for file, _, _ in CHANGES)}
    files = {
        str(each.relative_to(EXAMPLE)) for each in EXAMPLE.rglob("*") if each.suffix in (".yaml", ".csv", ".geojson")
    }
    assert {each for each in files if (EXAMPLE / each).read_bytes() != (folder / each).read_bytes()} == changed


def test_a_stage_that_was_set_before_is_set_anew(tmp_path: Path) -> None:
    folder = set_stage(tmp_path / "centre", "127.0.0.2:40000")
    (folder / "telephony.yaml").write_text("nonsense")
    set_stage(folder, "127.0.0.2:40001")
    assert load_centre(folder).part(TelephonySettings).trunks[0].contact == "127.0.0.2:40001"

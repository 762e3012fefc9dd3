"""What contradicts itself in a centre's telephony is told with its file and line."""

from pathlib import Path
from typing import Any

import pytest

from config.problem import ConfigErrors
from liandong.centre import EXAMPLE, load_centre
from telephony.asterisk.files import secret_names
from telephony.settings import TelephonySettings
from tests.centre import write_centre


def told(folder: Path) -> str:
    with pytest.raises(ConfigErrors) as errors:
        load_centre(folder)
    return str(errors.value)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"feedback_number": "119"}, 'feedback_number: "119" is taken already'),
        ({"feedback_number": "8001"}, 'feedback_number: "8001" is taken already'),
        ({"feedback_number": "hotline"}, "feedback_number"),
        ({"duty_phones": ["seat-01"]}, 'duty_phones[0]: "seat-01" is taken already'),
        ({"duty_phones": ["desk", "desk"]}, 'duty_phones[1]: "desk" is taken already'),
        ({"silent_menu": {"report_key": "2"}}, "silent_menu.report_key: the key 2 is taken already"),
    ],
)
def test_a_number_a_name_or_a_key_for_two_things_is_refused(
    tmp_path: Path, settings: dict[str, object], complaint: str
) -> None:
    assert complaint in told(write_centre(tmp_path / "centre", **settings))


def departments(endpoint: str) -> dict[str, Any]:
    """One department with one telephone."""
    ladder = {"lines": [{"endpoint": endpoint}]}
    return {"departments": [{"id": "fire", "name": {"zh": "消防", "en": "Fire"}, "ladder": ladder}]}


def plan(ladder: dict[str, Any] | None = None) -> dict[str, Any]:
    """A plan that orders the one department."""
    order: dict[str, Any] = {"department": "fire", "text": {"zh": "请派车。", "en": "Send engines."}}
    return {
        "id": "drill",
        "version": 1,
        "name": {"zh": "演练", "en": "Drill"},
        "priority": 5,
        "when": [{"flags": ["trapped"]}],
        "orders": [order if ladder is None else {**order, "ladder": ladder}],
    }


@pytest.mark.parametrize("endpoint", ["nobody", "seat-01", "caller-1", "duty-room-2"])
def test_a_duty_line_that_is_no_duty_telephone_of_this_centre_is_refused(tmp_path: Path, endpoint: str) -> None:
    text = told(write_centre(tmp_path / "centre", departments=departments(endpoint), plans={"drill": plan()}))
    assert "departments.yaml:" in text
    assert "departments[0].ladder.lines[0].endpoint" in text
    assert "duty-room-1" in text


def test_a_plans_own_ladder_is_held_against_the_duty_telephones_as_well(tmp_path: Path) -> None:
    own = plan({"lines": [{"endpoint": "nobody"}]})
    folder = write_centre(tmp_path / "centre", departments=departments("duty-room-1"), plans={"drill": own})
    assert "plans/drill.yaml:" in told(folder)
    assert "orders[0].ladder.lines[0].endpoint" in told(folder)


def test_a_duty_telephone_of_this_centre_may_be_a_duty_line(tmp_path: Path) -> None:
    load_centre(write_centre(tmp_path / "centre", departments=departments("duty-room-1"), plans={"drill": plan()}))


def test_every_duty_telephone_has_a_secret_of_its_own() -> None:
    assert "duty-room-1" in secret_names(load_centre(EXAMPLE).part(TelephonySettings))


def test_without_a_feedback_number_its_prompts_are_not_asked_for(tmp_path: Path) -> None:
    folder = write_centre(tmp_path / "centre", feedback_number=None)
    telephony = load_centre(folder).part(TelephonySettings)
    assert telephony.report_numbers == ()
    assert not [prompt for prompt in telephony.prompts() if prompt.startswith("feedback-")]

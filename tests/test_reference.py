"""The page of settings says what the schemas say."""

from pathlib import Path

from liandong.reference import page

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"


def test_the_page_of_settings_is_that_of_the_schemas() -> None:
    assert page() == PAGE.read_text("utf-8"), "python -m liandong.reference > docs/configuration.md"


def test_every_setting_says_what_it_means() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert not [row for row in rows if row.endswith("|  |")]

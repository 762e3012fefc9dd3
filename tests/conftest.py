"""What the tests share: prompts rendered once, and centres that run for a whole module."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from config.settings import Settings
from liandong.centre import EXAMPLE, load_centre
from telephony.prompt.render import render
from telephony.prompt.settings import PromptSettings

settings.register_profile("main", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("main")
"""The main job tries the same examples each time: a find of chance would be everybody's red, and nobody's. Look for new
ones with `script/test --hypothesis-profile explore`. No example has a deadline: a slow machine is no find."""


LONGEST = ("survival", "department_calls", "demo", "feedback_calls", "notifier_steps", "incident_calls")
"""Files that take a minute or more begin first: the many short ones fill what is left of the time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; within each, tests stay in their order."""
    ranks = {f"test_{name}": rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example centre's prompts, spoken once for the whole run."""
    out = tmp_path_factory.mktemp("sounds")
    centre = load_centre(EXAMPLE)
    render(EXAMPLE, centre.part(PromptSettings).texts(), centre.part(Settings).languages, out)
    return out


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a path that is short enough for Asterisk's control socket."""
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        yield Path(folder)

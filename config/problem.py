"""What is wrong with a configuration, and where.

A `Problem` is one complaint with its place; `ConfigErrors` carries all of them at once, sorted, because
who edits a configuration wants the whole list. A `Refused` is a complaint that doesn't know its file yet:
fields, schemas and cross-checks raise or return it, and the loader adds file, line and column.

Rules: every problem prints as exactly one line; every code is stable, for programs that read the list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Step = str | int
"""One step of a path: a key of a mapping or an index (from 0) of a list."""

_SIMPLE_KEY = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint about a configuration.

    `str()` gives one line: `telephony.yaml:12:5: trunks[0].nane: unknown key; allowed: name (did you mean "name"?)`.
    """

    file: str
    """Name of the file in the centre's folder; the folder itself when the folder is the trouble."""
    line: int
    """From 1; 0 when the whole file or folder is meant."""
    column: int
    """From 1, in characters; 0 when the whole line, file or folder is meant."""
    path: str
    """Where in the data, as `trunks[0].name`; empty for the whole file."""
    message: str
    """What is wrong, without its place."""
    code: str
    """Stable name of this kind of problem, such as `unknown_key`."""
    allowed: tuple[str, ...] = ()
    """What would be right: values, keys or a phrase."""
    nearest: str = ""
    """The allowed value that was most likely meant, as one would write it; empty if none is close."""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(each) for each in (self.line, self.column) if each)])
        return f"{place}: {self.path}: {self._what()}" if self.path else f"{place}: {self._what()}"

    def _what(self) -> str:
        allowed = f"; allowed: {', '.join(self.allowed)}" if self.allowed else ""
        nearest = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return one_line(f"{self.message}{allowed}{nearest}")


class ConfigErrors(ValueError):
    """The configuration cannot be used; `problems` says why, sorted by file, line and column."""

    code = "bad_config"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=_order))
        if not self.problems:
            raise AssertionError("ConfigErrors needs at least one problem")
        super().__init__("\n".join(map(str, self.problems)))


class Refused(ValueError):
    """A value that a schema refuses, told without its file: the loader adds the place.

    `path` leads from the place where it is raised to the value that is wrong; empty means that place itself.
    An empty `message` becomes `got VALUE`.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        allowed: Iterable[str] = (),
        nearest: str = "",
        path: Iterable[Step] = (),
    ) -> None:
        self.code = code
        self.message = message
        self.allowed = tuple(allowed)
        self.nearest = nearest
        self.path = tuple(path)
        told = message or "value refused"
        super().__init__(f"{told}; allowed: {', '.join(self.allowed)}" if self.allowed else told)

    def under(self, *path: Step) -> Refused:
        """The same complaint, seen from further up: `path` leads from there to where it was made."""
        return Refused(self.code, self.message, allowed=self.allowed, nearest=self.nearest, path=(*path, *self.path))


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of `words` that is spelt most like `word`, capitals ignored; empty if none is close."""
    by_lower = {each.lower(): each for each in words}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else ""


def path_text(path: Iterable[Step]) -> str:
    """A path as people write it: `trunks[0].name`; odd keys are quoted: `notes["a b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _SIMPLE_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{quoted(step)}]"
    return text


def quoted(text: str, most: int = 60) -> str:
    """Text in double quotes with line breaks escaped, cut after `most` characters."""
    return json.dumps(text if len(text) <= most else text[: most - 1] + "…", ensure_ascii=False)


def one_line(text: str) -> str:
    """Text with every run of white space made one blank."""
    return " ".join(text.split())


def _order(problem: Problem) -> tuple[str, int, int, str, str]:
    return problem.file, problem.line, problem.column, problem.path, problem.message

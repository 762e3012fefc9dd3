"""Loading one centre: a folder with one YAML file a part, and below it folders of many files of one kind.

Rules: `telephony` is the part whose file is `telephony.yaml`. A part whose schema has a default for
everything may have no file, or an empty one; every other file must be there. A `.yaml` or `.yml` file that
belongs to no part is refused, because a setting that nobody reads is worse than none; names that begin with
a dot, other files and folders are ignored. All problems of all files are told at once.

Where `plans` is a folder of many, each `plans/NAME.yaml` is one part with the same schema, under the same rules; a
centre may do without the folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from config import document, explain, node
from config.node import Table
from config.part import Part, complaints
from config.problem import ConfigErrors, Problem, Refused, Step, nearest

P = TypeVar("P", bound=Part)

MAX_PROBLEMS = 100
"""Told of one file; a file of another kind altogether can be wrong a hundred thousand times."""

_NOTHING = Table(0, 0)
"""Stands for a part's file that is not there: its places are line 0."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a centre's files."""

    file: str
    line: int
    """From 1; 0 when the part has no file."""
    column: int
    """From 1; 0 when the part has no file."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class _Loaded:
    file: str
    part: Part
    root: Table


class Centre:
    """A loaded centre: its parts by type, and where everything in them was written."""

    def __init__(
        self,
        folder: Path,
        loaded: Mapping[type[Part], _Loaded],
        many: Mapping[type[Part], Mapping[str, _Loaded]] | None = None,
    ) -> None:
        self.folder = folder
        self._loaded = loaded
        self._many = many or {}

    def part(self, kind: type[P]) -> P:
        """The part with this schema; KeyError if it was not among those loaded."""
        part = self._loaded[kind].part
        assert isinstance(part, kind)
        return part

    def parts(self, kind: type[P]) -> dict[str, P]:
        """The parts of a folder of many, by file as `plans/fire.yaml`, sorted; KeyError as in `part`."""
        found: dict[str, P] = {}
        for file, loaded in self._many[kind].items():
            assert isinstance(loaded.part, kind)
            found[file] = loaded.part
        return found

    def where(self, kind: type[Part], *path: Step, file: str | None = None) -> Place:
        """Where a value of a part was written; a value that came from a default is where it would stand.

        `file` says which one of many.
        """
        loaded = self._of(kind, file)
        return Place(loaded.file, *node.find(loaded.root, path))

    def problem(self, kind: type[Part], refused: Refused, file: str | None = None) -> Problem:
        """A complaint about a part, found by looking at several parts, with its place; for `ConfigErrors`."""
        loaded = self._of(kind, file)
        return explain.located(refused, loaded.root, loaded.file)

    def _of(self, kind: type[Part], file: str | None) -> _Loaded:
        return self._loaded[kind] if file is None else self._many[kind][file]


def load(folder: Path, parts: Mapping[str, type[Part]], folders: Mapping[str, type[Part]] | None = None) -> Centre:
    """Load a centre's folder; `parts` gives each file's name without `.yaml`, and its schema.

    `folders` gives the name of each folder of many, and the schema of every file in it. Raises ConfigErrors with every
    problem found.
    """
    many = folders or {}
    if len({*parts.values(), *many.values()}) != len(parts) + len(many):
        raise TypeError("every part needs a schema of its own")
    names = _names(folder)
    problems = list(_strangers(names, parts))
    loaded: dict[type[Part], _Loaded] = {}
    for name, schema in parts.items():
        try:
            loaded[schema] = _load_part(folder, f"{name}.yaml", schema)
        except ConfigErrors as errors:
            problems += errors.problems
    loaded_many = {schema: _load_many(folder, name, schema, problems) for name, schema in many.items()}
    if problems:
        raise ConfigErrors(problems)
    return Centre(folder, loaded, loaded_many)


def load_many(folder: Path, schema: type[Part]) -> Centre:
    """Load a folder of many that belongs to no centre, by the names of its files. Raises ConfigErrors."""
    problems: list[Problem] = []
    loaded = _load_files(folder, _names(folder), schema, problems)
    if problems:
        raise ConfigErrors(problems)
    return Centre(folder, {}, {schema: loaded})


def _names(folder: Path, shown: str = "") -> list[str]:
    shown = shown or str(folder)
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise ConfigErrors([_unreadable(shown, "folder", error)]) from error
    except ValueError as error:  # a NUL in the path
        raise ConfigErrors([Problem(shown, 0, 0, "", str(error), "folder_missing")]) from error


def _load_many(folder: Path, name: str, schema: type[Part], problems: list[Problem]) -> dict[str, _Loaded]:
    if not os.path.lexists(folder / name):
        return {}
    try:
        files = [f"{name}/{each}" for each in _names(folder / name, name)]
    except ConfigErrors as errors:
        problems += errors.problems
        return {}
    return _load_files(folder, files, schema, problems)


def _load_files(folder: Path, files: list[str], schema: type[Part], problems: list[Problem]) -> dict[str, _Loaded]:
    """The YAML files among these; what is wrong with them goes to `problems`."""
    loaded: dict[str, _Loaded] = {}
    for file in files:
        name = file.rpartition("/")[2]
        if name.startswith(".") or not name.lower().endswith((".yaml", ".yml")):
            continue
        if not name.endswith(".yaml") or not name.isprintable():
            printable = file if file.isprintable() else ascii(file)
            problems.append(Problem(printable, 0, 0, "", "unknown file", "unknown_file", ("NAME.yaml",)))
            continue
        try:
            loaded[file] = _load_part(folder, file, schema)
        except ConfigErrors as errors:
            problems += errors.problems
    return loaded


def _strangers(names: list[str], parts: Mapping[str, type[Part]]) -> Iterator[Problem]:
    allowed = tuple(f"{part}.yaml" for part in parts)
    for name in names:
        if not name.startswith(".") and name.lower().endswith((".yaml", ".yml")) and name not in allowed:
            printable = name if name.isprintable() else ascii(name)
            yield Problem(printable, 0, 0, "", "unknown file", "unknown_file", allowed, nearest(printable, allowed))


def _load_part(folder: Path, file: str, schema: type[Part]) -> _Loaded:
    data = _bytes(folder / file, file)
    read = document.read(data, file) if data is not None else document.Document(_NOTHING)
    root, problems = read.root, list(read.problems)
    if root is None:
        raise ConfigErrors(_capped(problems, file))
    try:
        # JSON in between is on purpose: pydantic's strict rules for JSON are the ones for files (lists for
        # tuples, words for enums, nothing else turned into anything else).
        part = schema.model_validate_json(node.as_json(root))
    except ValidationError as error:
        if not root.entries:
            problems.append(_empty(file, schema, missing=data is None))
        else:
            problems += explain.explained(error, schema, root, file)
        raise ConfigErrors(_capped(problems, file)) from None
    problems += (explain.located(refused, root, file) for refused in complaints(part))
    if problems:
        raise ConfigErrors(_capped(problems, file))
    return _Loaded(file, part, root)


def _capped(problems: list[Problem], file: str) -> list[Problem]:
    if len(problems) <= MAX_PROBLEMS:
        return problems
    left = f"{len(problems) - MAX_PROBLEMS} more problems are not listed"
    return [*ConfigErrors(problems).problems[:MAX_PROBLEMS], Problem(file, 0, 0, "", left, "too_many")]


def _empty(file: str, schema: type[Part], *, missing: bool) -> Problem:
    required = tuple(field.alias or name for name, field in schema.model_fields.items() if field.is_required())
    if missing:
        return Problem(file, 0, 0, "", f"the file is missing; its keys: {', '.join(required)}", "file_missing")
    return Problem(file, 0, 0, "", f"the file is empty; its keys: {', '.join(required)}", "file_empty")


def _bytes(path: Path, file: str) -> bytes | None:
    """The file's content, one byte more than allowed at most; None if there is no file."""
    try:
        # Not blocking: a FIFO that is named like a part must not hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise ConfigErrors([Problem(file, 0, 0, "", "this link leads to nothing", "file_missing")]) from error
        return None
    except OSError as error:
        raise ConfigErrors([_unreadable(file, "file", error)]) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigErrors([Problem(file, 0, 0, "", "this is not a file", "not_a_file")])
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(document.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigErrors([_unreadable(file, "file", error)]) from error
    finally:
        os.close(descriptor)


def _unreadable(name: str, what: str, error: OSError) -> Problem:
    told = {
        errno.ENOENT: ("missing", f"no such {what}"),
        errno.ENOTDIR: ("missing", f"no such {what}"),
        errno.EACCES: ("unreadable", f"no permission to read this {what}"),
        errno.ELOOP: ("unreadable", "this is a loop of symbolic links"),
    }
    code, message = told.get(error.errno or 0, ("unreadable", f"cannot be read: {error.strerror}"))
    return Problem(name, 0, 0, "", message, f"{what}_{code}")

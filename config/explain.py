"""What a schema refuses, in the words of the file: place, value, what is allowed, what was probably meant.

Pydantic tells where (its `loc`) and which rule. The file's tree tells line, column and how the value was
written; the schema's types tell which keys and words are allowed.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.node import Node, Scalar, Sequence, Table, find
from config.problem import Problem, Refused, Step, nearest, one_line, path_text, quoted
from config.secret import Secret

_WRONG_TYPE: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "none_required": "nothing",
}
"""Pydantic's names for "this is of another kind", and what is wanted instead."""

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "at most {}"),
    "multiple_of": ("multiple_of", "a multiple of {}"),
    "too_short": ("min_length", "at least {} of them"),
    "too_long": ("max_length", "at most {} of them"),
    "string_too_short": ("min_length", "text of at least {} characters"),
    "string_too_long": ("max_length", "text of at most {} characters"),
    "string_pattern_mismatch": ("pattern", "text that matches {}"),
}
"""Pydantic's names for a missed bound: where the bound stands, and how it is said."""

_YES_NO: Mapping[str, str] = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "no": "false",
    "off": "false",
    "n": "false",
}


def explained(error: ValidationError, schema: type[BaseModel], root: Table, file: str) -> Iterator[Problem]:
    """Every complaint of a schema about one file."""
    found: dict[tuple[int, int, str, str], Problem] = {}
    for detail in error.errors(include_url=False):
        problem = _problem(detail, schema, root, file)
        key = (problem.line, problem.column, problem.path, problem.message)
        same = found.get(key)
        # The branches of a union complain one by one of the same value: one problem that allows any of them.
        found[key] = _joined(same, problem) if same else problem
    yield from found.values()


def located(refused: Refused, root: Table, file: str, at: tuple[Step, ...] = ()) -> Problem:
    """A complaint with its place; its own path leads on from `at`."""
    path = (*at, *refused.path)
    line, column = find(root, path)
    message = refused.message or f"got {_shown(root, path)}"
    return Problem(file, line, column, path_text(path), message, refused.code, refused.allowed, refused.nearest)


def _joined(first: Problem, second: Problem) -> Problem:
    allowed = tuple(dict.fromkeys((*first.allowed, *second.allowed)))
    return replace(first, allowed=allowed, nearest=first.nearest or second.nearest)


def _problem(detail: ErrorDetails, schema: type[BaseModel], root: Table, file: str) -> Problem:
    kind, loc = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return _unknown_key(loc, schema, root, file)
    if kind == "missing":
        path = (*_path(root, loc[:-1]), loc[-1])
        line, column = find(root, path)
        return Problem(file, line, column, path_text(path), "this key is missing", "missing_key")
    path = _path(root, loc)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds = list(_types_at(schema, loc))
        return located(_wrong_tag(detail, kinds, _node(root, path)), root, file, path)
    if loc and loc[-1] == "[key]":
        return _bad_key(detail, path, root, file)
    return located(_refused(detail, list(_types_at(schema, loc)), _node(root, path)), root, file, path)


def _unknown_key(loc: tuple[Step, ...], schema: type[BaseModel], root: Table, file: str) -> Problem:
    path = (*_path(root, loc[:-1]), loc[-1])
    key = str(loc[-1])
    table = _node(root, path[:-1])
    line, column = find(root, path)
    if isinstance(table, Table) and key in table.entries:
        line, column = table.entries[key].line, table.entries[key].column
    allowed = tuple(dict.fromkeys(name for each in _types_at(schema, loc[:-1]) for name in _keys(each)))
    near = nearest(key, allowed)
    near = quoted(near) if near else ""
    return Problem(file, line, column, path_text(path), "unknown key", "unknown_key", allowed, near)


def _bad_key(detail: ErrorDetails, path: tuple[Step, ...], root: Table, file: str) -> Problem:
    refused = _refused(detail, [], None)
    line, column = find(root, path)
    table = _node(root, path[:-1])
    key = str(path[-1])
    if isinstance(table, Table) and key in table.entries:
        line, column = table.entries[key].line, table.entries[key].column
    message = refused.message or f"got {quoted(key)} as a key"
    return Problem(file, line, column, path_text(path), message, refused.code, refused.allowed, refused.nearest)


def _refused(detail: ErrorDetails, leaves: list[Any], node: Node | None) -> Refused:
    """What pydantic says as our own complaint; an empty message means `got VALUE`."""
    kind, context = detail["type"], detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Refused):
        return cause
    hidden = "got a value that is not shown" if Secret in leaves else ""
    if kind in _WRONG_TYPE:
        return _wrong_type(_WRONG_TYPE[kind], hidden, node)
    if kind in ("enum", "literal_error"):
        words = [word for leaf in leaves for word in _words(leaf)]
        near = nearest(str(node.value), words) if isinstance(node, Scalar) else ""
        return Refused("wrong_value", allowed=words or (str(context["expected"]),), nearest=near)
    if kind in _BOUNDS:
        name, phrase = _BOUNDS[kind]
        return Refused("out_of_range", hidden, allowed=(phrase.format(context[name]),))
    # A validator's own ValueError, or a rule of pydantic's that no schema here uses yet.
    return Refused("wrong_value", one_line(str(cause) if cause else detail["msg"]))


def _wrong_tag(detail: ErrorDetails, kinds: list[Any], table: Node | None) -> Refused:
    """The key that tells which kind of table this is has an unknown word, or is not there."""
    by = str(detail["ctx"]["discriminator"]).strip("'")
    fields = [kind.model_fields.get(by) for kind in kinds]
    tags = tuple(word for field in fields if field for word in _words(field.annotation))
    tag = _child(table, by)
    if tag is None:
        return Refused("missing_key", "this key is missing", allowed=tags, path=(by,))
    near = nearest(tag.text, tags) if isinstance(tag, Scalar) else ""
    return Refused("wrong_value", allowed=tags, nearest=near, path=(by,))


def _wrong_type(wanted: str, message: str, node: Node | None) -> Refused:
    if wanted == "true":
        near = _YES_NO.get(str(node.value).lower(), "") if isinstance(node, Scalar) else ""
        return Refused("wrong_type", message, allowed=("true", "false"), nearest=near)
    near = ""
    if wanted == "text" and isinstance(node, Scalar) and node.value is not None and not message:
        near = quoted(node.text)
    return Refused("wrong_type", message, allowed=(wanted,), nearest=near)


def _shown(root: Table, path: tuple[Step, ...]) -> str:
    node = _node(root, path)
    return node.shown() if node else "nothing"


def _node(root: Table, path: tuple[Step, ...]) -> Node | None:
    """The node at exactly this path; None where the file has nothing."""
    node: Node | None = root
    for step in path:
        node = _child(node, step)
    return node


def _child(node: Node | None, step: Step) -> Node | None:
    if isinstance(node, Table) and isinstance(step, str) and step in node.entries:
        return node.entries[step].node
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def _path(root: Table, loc: tuple[Step, ...]) -> tuple[Step, ...]:
    """Pydantic's `loc` without the steps that name a branch of a union: those are not in the file."""
    path: list[Step] = []
    node: Node | None = root
    for step in loc:
        below = _child(node, step)
        if below is not None:
            path.append(step)
            node = below
    return tuple(path)


def _types_at(kind: Any, loc: tuple[Step, ...]) -> Iterator[Any]:
    """The types that a schema has at a place: models, enums, literals, plain types; several for a union."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _types_at(get_args(kind)[0], loc)
    elif origin in (typing.Union, types.UnionType):
        branches = [branch for branch in get_args(kind) if branch is not types.NoneType]
        if len(branches) > 1 and loc:
            # The first step names the branch: its tag, its class, or pydantic's word for a plain type.
            branches = [each for each in branches if _is_named(each, loc[0])] or branches
            loc = loc[1:]
        for branch in branches:
            yield from _types_at(branch, loc)
    elif not loc:
        yield kind
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if (field.alias or name) == loc[0]:
                yield from _types_at(field.annotation, loc[1:])
    elif origin in (tuple, list, set, frozenset) and isinstance(loc[0], int):
        inner = [each for each in get_args(kind) if each is not Ellipsis]
        yield from _types_at(inner[min(loc[0], len(inner) - 1)], loc[1:])
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _types_at(get_args(kind)[1], loc[1:])


def _is_named(branch: Any, step: Step) -> bool:
    if not (isinstance(branch, type) and issubclass(branch, BaseModel)):
        return False
    tags = (get_args(field.annotation) for field in branch.model_fields.values())
    return branch.__name__ == step or any(step in each for each in tags)


def _keys(kind: Any) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield field.alias or name


def _words(kind: Any) -> Iterator[str]:
    if get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)

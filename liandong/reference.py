"""Every setting of a centre as a page: `python -m liandong.reference > docs/configuration.md`.

The page is made from the schemas themselves, and a test holds the two together.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.field import Between, Digits, Ip, Line, Name, Number, Port, Wording
from config.part import Part
from liandong.centre import FOLDERS, PARTS
from telephony.prompt.settings import PromptSettings
from telephony.settings import Key, Label

TEXTS: dict[Any, str] = {
    Name: "name: lower-case letters, digits, dashes",
    Number: "telephone number",
    Digits: "digits",
    Port: "port; 0 picks a free one",
    Ip: "IP address",
    Line: "text",
    Label: "short text",
    Wording: "text in `zh` and `en`",
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
}

BELOW = "see below"

HEAD = """# Configuration

One centre is one folder of YAML files; `config/example/` is a whole one to start from. `liandong check --config DIR`
tells every mistake at once, each with its file, line, what is allowed and what you may have meant. Keys that nobody
knows, anchors, tags and further documents are refused. `no`, `0110` and `12:30` stay the text that they are.

This page is made from the schemas: `python -m liandong.reference > docs/configuration.md`.
"""


def page() -> str:
    """The whole page, Markdown."""
    files = [*PARTS.items(), *((f"{folder}/*", part) for folder, part in FOLDERS.items())]
    return "\n".join([HEAD, *(line for name, part in files for line in _file(name, part))])


def _file(name: str, part: type[Part]) -> Iterator[str]:
    yield f"## {name}.yaml\n"
    yield f"{_said(part)}\n"
    if part is PromptSettings:
        yield "Each key is a prompt's id, each value its text in `zh` and `en`. A recording at `prompts/zh/ID.wav` or"
        yield "`prompts/en/ID.wav` in the same folder takes the place of the synthesised voice.\n"
        return
    nested: dict[str, type[Part]] = {}
    yield from _table(part, "", nested)
    while nested:
        path, inner = next(iter(nested.items()))
        del nested[path]
        yield f"### {name}.yaml: `{path}`\n"
        yield f"{_said(inner)}\n"
        yield from _table(inner, f"{path}.", nested)


def _table(part: type[Part], prefix: str, nested: dict[str, type[Part]]) -> Iterator[str]:
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for key, field in part.model_fields.items():
        for inner in _parts(field.annotation):
            nested[prefix + key] = inner
        meaning = " ".join((field.description or "").split())
        yield f"| `{key}` | {_value(field)} | {_default(field)} | {meaning} |"
    yield ""


def _said(part: type[Part]) -> str:
    return " ".join((part.__doc__ or "").split())


def _parts(kind: Any) -> Iterator[type[Part]]:
    """The schemas inside a type, but not texts in two languages: those are values."""
    if isinstance(kind, type) and issubclass(kind, Part) and kind is not Wording:
        yield kind
    for inner in get_args(kind):
        yield from _parts(inner)


def _value(field: FieldInfo) -> str:
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return _text(kind)


def _text(kind: Any) -> str:
    if known := next((text for known, text in TEXTS.items() if known == kind), None):
        return known
    arguments = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        bounds = next((each for each in kind.__metadata__ if isinstance(each, Between)), None)
        if bounds is None:
            return _text(arguments[0])
        return f"{bounds.least:g} to {bounds.most:g} {bounds.unit}".rstrip()
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin is tuple:
        inner = _text(arguments[0])
        return "list, see below" if inner == BELOW else f"list of {inner}"
    if origin is dict and arguments[0] == Key:
        return "key `0` to `9`, quoted: see below"
    if origin is dict:
        return f"{_text(arguments[0])}: {_text(arguments[1])}"
    if origin in (Union, types.UnionType):
        return _text(arguments[0])
    if isinstance(kind, type) and issubclass(kind, Part):
        return BELOW
    return ", ".join(f"`{each.value}`" for each in kind)  # an enum's words


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "must be set"
    if field.default is None or field.default == () or isinstance(field.default, Part):
        return ""
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, tuple):
        return f"`[{', '.join(map(str, field.default))}]`"
    return f"`{field.default}`"


if __name__ == "__main__":
    print(page(), end="")

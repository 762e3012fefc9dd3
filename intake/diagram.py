"""The state diagrams of the docs, drawn from the tables that run: `python -m intake.diagram docs/states`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from intake.incident.state import INCIDENT
from intake.line import LINE
from intake.person import PERSON
from intake.stage import STAGE
from intake.table import E, Goes, Ignored, Ours, S, Table, Theirs


def page(table: Table[S, E], room: str = "intake") -> str:
    """One page of Markdown: the diagram, and every pair of event and state with its rule; `room` has the table."""
    lines = [
        f"# States: {table.name}",
        "",
        f"Written by `python -m {room}.diagram` from the table in `{room}`; edit the table instead.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *_arrows(table),
        "```",
        "",
        "| event | state | rule |",
        "|---|---|---|",
        *_rows(table),
    ]
    return "\n".join(lines) + "\n"


def _arrows(table: Table[S, E]) -> Iterator[str]:
    for state in table.states:
        yield f'    state "{state}" as {_id(state)}'
    labels: dict[tuple[S, S], list[str]] = {}
    for event in table.events:
        for state in table.states:
            rule = table.rule(state, event)
            if isinstance(rule, Goes):
                labels.setdefault((state, rule.to), []).append(event.value)
    for (state, to), events in labels.items():
        yield f"    {_id(state)} --> {_id(to)}: {', '.join(events)}"


def _id(state: StrEnum) -> str:
    return state.name.lower()


def _rows(table: Table[S, E]) -> Iterator[str]:
    for event in table.events:
        for state in table.states:
            yield f"| {event} | {state} | {_words(table.rule(state, event))} |"


def _words(rule: Goes[S] | Ignored | Theirs | Ours) -> str:
    match rule:
        case Goes(to):
            return f"→ **{to}**"
        case Ignored(because):
            return f"ignored: {because}"
        case Theirs(code, because):
            return f"theirs, `{code}`: {because}"
        case Ours(because):
            return f"ours, raised: {because}"


def pages() -> dict[str, str]:
    """File name to text, for every table of this folder."""
    return {"line.md": page(LINE), "person.md": page(PERSON), "call.md": page(STAGE), "incident.md": page(INCIDENT)}


def main(arguments: list[str]) -> int:
    """Write the pages into a folder."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m intake.diagram FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A state machine is a table, and the table is the machine.

Theory, binding for every state machine of this folder:

1. *Everything that moves a state stands in its table.* Nobody assigns a state; `Table.after(state, event)` is the only
   way from one to the next. The same table draws the diagram in the docs and drives the exhaustive test, so the three
   can never disagree.
2. *Every pair of event and state is answered*, when the module is imported, by one of four rules:
     - `Goes(state)`: the state changes.
     - `Ignored(why)`: nothing changes, and that is right: a duplicate, a late or a reordered report.
     - `Theirs(code, why)`: the outside said something that cannot be. A value, never an exception: the telephone
       network may say anything at any time. What happens then is decided by the caller of the table, usually: ask.
     - `Ours(why)`: only a bug of ours gets here. Raised, seen, and the process starts again from reality.
3. *What a table does not know is no condition in it.* Fences, who is at the seat, which call is meant: all that is
   decided before the table is asked, and turned into another event if it matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Goes(Generic[S]):
    """The state changes."""

    to: S
    """The next state."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing changes, and that is right."""

    because: str
    """Why this event means nothing in this state; a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """The outside said or wants something that cannot be; the state stays."""

    code: str
    """Stable name of the contradiction."""
    because: str
    """Why it cannot be; a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Ours:
    """We would contradict ourselves: raised as `Bug`."""

    because: str
    """Which rule of ours would be broken; a part of a sentence."""


class Bug(AssertionError):
    """The core contradicts itself. Never caught: the process ends, and the next one starts from reality."""


Rule = Goes[S] | Ignored | Theirs | Ours


class Table(Generic[S, E]):
    """The transition table of one plane of state."""

    def __init__(self, name: str, states: type[S], events: type[E], rules: Mapping[E, Mapping[S, Rule[S]]]) -> None:
        missing = [f"{event} in {state}" for event in events for state in states if state not in rules.get(event, {})]
        if missing:
            raise Bug(f"{name}: no rule for {', '.join(missing)}")
        self.name = name
        self.states = states
        self.events = events
        self._rules = {(state, event): rules[event][state] for event in events for state in states}

    def rule(self, state: S, event: E) -> Rule[S]:
        """What stands in the table."""
        return self._rules[state, event]

    def after(self, state: S, event: E) -> S | Theirs:
        """The next state, the same one if the event is ignored, or why the event cannot be. Raises Bug."""
        rule = self._rules[state, event]
        match rule:
            case Goes(to):
                return to
            case Ignored():
                return state
            case Theirs():
                return rule
            case Ours(because):
                raise Bug(f"{self.name}: {event} in {state}: {because}")


def among(states: Iterable[S], rule: Rule[S]) -> dict[S, Rule[S]]:
    """The same rule in several states."""
    return dict.fromkeys(states, rule)

"""Who is at the door: a person says a number or an id and a PIN. No clock, no store of its own.

Rule: after some wrong PINs in a row a person's door stays shut for a while, whoever knocks: a PIN has six digits, and
guessing them must take years. Nobody is locked out of the telephone for that: the net rings every seat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from config.secret import Secret
from intake.people import Person

TRIES = 5  # mistyping a PIN four times happens; five times is a guess
SHUT_S = 60.0  # a guesser gets 5 tries a minute: a million PINs take 140 days, and each is written down


class Entry(Enum):
    """What became of a try."""

    OPEN = "open"
    NOBODY = "nobody"
    """There is no such person; told as a wrong PIN, so that nobody learns who works here."""
    WRONG = "wrong"
    SHUT = "shut"


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    shut_until: float = 0.0


class Door:
    """Checks PINs; `pin` tells a person's by id."""

    def __init__(self, people: Iterable[Person], pin: Callable[[str], Secret]) -> None:
        self._ids = {person.number: person.id for person in people} | {person.id: person.id for person in people}
        self._pin = pin
        self._tries: dict[str, _Tries] = {}

    def knock(self, who: str, pin: Secret, now: float) -> tuple[Entry, str]:
        """Try to come in as a person, named by id or staff number; what came of it, and the person's id or "".

        `now` is seconds of a clock that does not go back. Raises StateError when the PIN can't be read.
        """
        person = self._ids.get(who)
        if person is None:
            return Entry.NOBODY, ""
        tries = self._tries.setdefault(person, _Tries())
        if now < tries.shut_until:
            return Entry.SHUT, person
        if self._pin(person) == pin:
            tries.wrong = 0
            return Entry.OPEN, person
        tries.wrong += 1
        if tries.wrong >= TRIES:
            tries.wrong, tries.shut_until = 0, now + SHUT_S
        return Entry.WRONG, person

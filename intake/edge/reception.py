"""What people want, by the keys of a telephone or by the API: who they are is checked here, then it is a wish."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from config.secret import Secret
from intake import wish
from intake.edge.desk import NotGranted
from intake.edge.door import Door, Entry
from intake.edge.writing import WRONG_PIN
from journal import Draft, Refusal, new_id
from telephony.agi.answer import Word
from telephony.agi.question import Wish, WishKind

PHONE = "phone"
"""Who asked, if it was keyed in at a seat's telephone."""

_WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "wrong_pin": Word.WRONG_PIN,
        "locked": Word.LOCKED,
        "seat_taken": Word.SEAT_TAKEN,
        "signed_in_elsewhere": Word.ELSEWHERE,
        "signed_in_already": Word.SIGNED_IN,
        "not_signed_in": Word.NOT_SIGNED_IN,
        "no_such_reason": Word.NO_SUCH_REASON,
    }
)
"""What a telephone says for each reason not to grant something; for all others that it is refused."""

_DONE = MappingProxyType(
    {
        WishKind.SIGN_IN: Word.SIGNED_IN,
        WishKind.SIGN_OUT: Word.SIGNED_OUT,
        WishKind.PAUSE: Word.PAUSED,
        WishKind.READY: Word.READY,
    }
)


class Grants(Protocol):
    """Whoever grants wishes: a desk."""

    async def wish(self, wanted: wish.Wish) -> None:
        """Returns when it is done. Raises NotGranted."""


class Writes(Protocol):
    """Whoever takes witnessed facts: the journal."""

    def witness(self, draft: Draft) -> Refusal | None:
        """Never blocks."""


class Clocks(Protocol):
    """The two clocks that a reception reads."""

    def steady(self) -> float:
        """Seconds that never go back."""

    def moment(self) -> datetime:
        """What the calendar shows."""


class Reception:
    """Every act raises NotGranted, with a stable `code`, when it is not done."""

    def __init__(
        self,
        desk: Grants,
        door: Door,
        journal: Writes,
        clocks: Clocks,
        *,
        seats: Collection[str],
        reasons: Sequence[str],
    ) -> None:
        """`reasons` are the centre's for a pause, in the order in which they are keyed in."""
        self._desk = desk
        self._seats = frozenset(seats)
        self._door = door
        self._reasons = tuple(reasons)
        self._journal = journal
        self._clocks = clocks

    async def by_phone(self, wanted: Wish) -> str:
        """What was keyed in at a seat's telephone; the word that it says."""
        try:
            match wanted.kind:
                case WishKind.SIGN_IN:
                    await self.sign_in(wanted.seat, wanted.staff, wanted.pin, by=PHONE)
                case WishKind.SIGN_OUT:
                    await self.sign_out(wanted.seat, by=PHONE)
                case WishKind.PAUSE:
                    await self.pause(wanted.seat, self._reason(wanted.reason), by=PHONE)
                case WishKind.READY:
                    await self.ready(wanted.seat, by=PHONE)
        except NotGranted as error:
            return _WORDS.get(error.code, Word.REFUSED)
        return _DONE[wanted.kind]

    async def sign_in(self, seat: str, who: str, pin: Secret | None, *, by: str) -> None:
        """A person, named by id or staff number, begins to work at a seat; without a PIN if `by` needs none."""
        person = who
        if seat not in self._seats:  # no PIN is tried where the try could not be written down
            raise NotGranted("no_such_seat", "there is no such seat")
        if pin is not None:
            entry, person = self._door.knock(who, pin, self._clocks.steady())
            if entry is not Entry.OPEN:
                self._not_let_in(seat, person, entry)
        await self._desk.wish(wish.SignIn(new_id(), seat, person, by))

    async def sign_out(self, seat: str, *, by: str) -> None:
        """Whoever is signed in at a seat goes."""
        await self._desk.wish(wish.SignOut(new_id(), seat, by))

    async def pause(self, seat: str, reason: str, *, by: str) -> None:
        """The person at a seat wants no calls for now."""
        await self._desk.wish(wish.Pause(new_id(), seat, reason, by))

    async def ready(self, seat: str, *, by: str) -> None:
        """The person at a seat wants calls again."""
        await self._desk.wish(wish.Ready(new_id(), seat, by))

    def _reason(self, keyed: str) -> str:
        """The reason that was keyed in by its number; the first one if none was."""
        number = int(keyed or "1")
        return self._reasons[number - 1] if 1 <= number <= len(self._reasons) else f"number {keyed}"

    def _not_let_in(self, seat: str, person: str, entry: Entry) -> None:
        """Raises NotGranted; a guess is written down, and what was guessed is not."""
        subjects = {"seat": seat} | ({"person": person} if person else {})
        self._journal.witness(
            Draft.of(WRONG_PIN, self._clocks.moment(), subjects=subjects, body={"entry": entry.value})
        )
        if entry is Entry.SHUT:
            raise NotGranted("locked", "too many wrong PINs for this person; try again in a minute")
        raise NotGranted("wrong_pin", "no such person, or not this PIN")

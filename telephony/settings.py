"""The centre's telephony as its people write it: `telephony.yaml`.

Every setting says what it means and in which unit; what is not written here has a default that a small centre can
live with. References between parts of the file (a neighbour names a trunk, a menu key a service) are checked where
they stand, so that the error names the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.field import Between, Ip, Line, Name, Number, Wording
from config.part import Part
from config.problem import Refused, quoted
from telephony.agi.answer import REPORT_WORDS, WISH_WORDS, Word

_DIALPLAN_WORDS = re.compile(r"[^,;${}()\[\]\\|&\"<>=]+")


def _label(value: str) -> str:
    if not _DIALPLAN_WORDS.fullmatch(value) or len(value) > 40:
        raise Refused(
            "bad_label", allowed=('up to 40 characters, none of them among , ; $ { } ( ) [ ] \\ | & " < > =',)
        )
    return value


Label = Annotated[Line, AfterValidator(_label)]
"""What a telephone's display shows; goes through the dialplan, so its special characters are refused."""

PLACES = (*(f"place-{place}" for place in range(1, 10)), "place-many")
"""The prompts that tell a waiting caller where he stands."""

ORDERS = tuple(
    f"order-{each}" for each in ("intro", "repeats", "unspoken", "keys", "thanks", "code", "next", "taken", "cancelled")
)
"""The prompts around an order's text, on a department's duty line."""

FEEDBACK = (
    *(f"feedback-{each}" for each in ("code", "menu", "words", "person", "away", "noted", "refused")),
    "code-unknown",
)
"""The prompts of the feedback number."""
REPORTS = (*(word for word in REPORT_WORDS if word is not Word.AWAY), "report-away")
"""The prompts for a waiting caller who asks what became of his report."""

Key = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
"""A key of a telephone, quoted in YAML."""


class AsteriskSettings(Part):
    """Which Asterisk is used."""

    program: str | None = Field(None, description="path of an Asterisk; otherwise the one on the machine")
    trial: bool = Field(False, description="take the Asterisk that set-up unpacked; for demo, tests and trials only")


class Service(Part):
    """One service behind the unified number."""

    id: Name = Field(description="what other settings call it; its prompt is `key-ID`")
    number: Number = Field(description="the number that callers dial")
    name: Wording = Field(description="what people call it")


class Seat(Part):
    """The telephone of one seat."""

    id: Name = Field(description="its account's name, and what recordings call it")
    number: Number = Field(description="what other seats dial to reach it")
    transport: Literal["sip", "ws"] = Field("sip", description="sip: UDP or TCP; ws: a browser (WebRTC)")


class Trunk(Part):
    """A line to the telephone network."""

    id: Name = Field(description="what other settings call it")
    match: tuple[Ip, ...] = Field(min_length=1, description="addresses from which its calls come")
    contact: str | None = Field(None, pattern=r"^[\w.:\[\]-]+$", description="host:port for calls that go out by it")
    codecs: tuple[Literal["alaw", "ulaw", "g722", "opus"], ...] = Field(("alaw", "ulaw"), description="best first")


class Neighbour(Part):
    """Who takes a call when nobody here can."""

    id: Name = Field(description="what recordings call it")
    number: Number = Field(description="what is dialled to reach it")
    trunk: Name = Field(description="the trunk by which it is reached")


class Fallback(Part):
    """What the dialplan does by itself. All in seconds."""

    ring_s: Annotated[float, Between(1, 120, "s")] = Field(
        12, description="free seats ring this long, then the neighbour"
    )
    first_seats: Annotated[int, Between(1, 1000)] = Field(
        12, description="a caller rings so many free seats at once; of more, the others are added after `first_ring_s`"
    )
    first_ring_s: Annotated[float, Between(1, 60, "s")] = Field(4, description="see `first_seats`")
    ring_again_s: Annotated[float, Between(0, 60, "s")] = Field(
        3, description="seats that all rejected are left in peace this long"
    )
    overflow_after_s: Annotated[int, Between(0, 600, "s")] = Field(
        10, description="nobody is free for this long: the neighbour"
    )
    overflow_again_s: Annotated[int, Between(1, 3600, "s")] = Field(
        60, description="the neighbour again after this much more waiting"
    )
    neighbour_ring_s: Annotated[int, Between(1, 120, "s")] = Field(20, description="a neighbour rings this long")
    announce_after_s: Annotated[int, Between(0, 600, "s")] = Field(
        8, description="a caller who waits longer is answered and told"
    )
    turn_s: Annotated[float, Between(0.2, 5, "s")] = Field(
        0.5, description="how often a waiting caller is looked after"
    )
    too_short_s: Annotated[int, Between(0, 10, "s")] = Field(
        2, description="a seat that hangs up sooner did not mean to: ring again"
    )
    ask_s: Annotated[float, Between(0.1, 2, "s")] = Field(
        0.5, description="how long the engine may think about one question"
    )
    heartbeat_s: Annotated[int, Between(1, 10, "s")] = Field(
        2, description="an engine silent for longer counts as dead"
    )
    seat_rtp_timeout_s: Annotated[int, Between(0, 600, "s")] = Field(
        30, description="a seat in a call that sends no RTP this long is dead; 0: never"
    )


class MenuKey(Part):
    """What one key of the silent-call menu means."""

    service: Name = Field(description="the service that the caller asks for")
    label: Label = Field(description="what the seat's telephone shows")


class SilentMenu(Part):
    """For a caller who cannot speak. Every time-out leads back to a person."""

    timeout_s: Annotated[int, Between(4, 30, "s")] = Field(
        6, description="how long a key is waited for (the field asks for 4 at least)"
    )
    keys: dict[Key, MenuKey] = Field(min_length=1, description="what each key means")
    report_key: Key = Field("8", description="with this key a waiting caller is told what became of an earlier report")

    def complaints(self) -> Iterator[Refused]:
        """One key for two things."""
        if self.report_key in self.keys:
            yield Refused("repeated", f"the key {self.report_key} is taken already", path=("report_key",))


class TelephonySettings(Part):
    """`telephony.yaml`: lines, seats' telephones, and what happens to a call."""

    asterisk: AsteriskSettings = Field(AsteriskSettings(), description="the Asterisk to run")
    services: tuple[Service, ...] = Field(min_length=1, description="what callers dial")
    seats: tuple[Seat, ...] = Field(min_length=1, description="the telephones of the call-takers")
    trunks: tuple[Trunk, ...] = Field(min_length=1, description="the first with a contact is the way out")
    neighbours: tuple[Neighbour, ...] = Field((), description="rung one after the other when nobody here answers")
    trial_phones: tuple[Name, ...] = Field((), description="accounts with which a softphone may ring in as a caller")
    duty_phones: tuple[Name, ...] = Field(
        (), description="accounts of departments' telephones that register here; `endpoint` in `departments.yaml`"
    )
    feedback_number: Number | None = Field(
        None, description="whoever calls it reports on an order by its code; by any trunk, from a seat or a duty phone"
    )
    fallback: Fallback = Field(Fallback(), description="timings of the dialplan")
    silent_menu: SilentMenu = Field(description="keys for a caller who cannot speak")

    @property
    def report_numbers(self) -> tuple[str, ...]:
        """The numbers by which departments report."""
        return () if self.feedback_number is None else (self.feedback_number,)

    def prompts(self) -> tuple[str, ...]:
        """Every prompt that the dialplan speaks."""
        keys = (f"key-{service.id}" for service in self.services)
        words = (f"wish-{word}" for word in ("number", "pin", *WISH_WORDS))
        menus = ("silent-menu", "silent-thanks", "key-none", *keys, *REPORTS)
        feedback = FEEDBACK if self.feedback_number is not None else ()
        return ("waiting", *PLACES, *menus, *words, *ORDERS, *feedback)

    def complaints(self) -> Iterator[Refused]:
        """Where the file contradicts itself."""
        yield from _taken_twice(
            [
                *(
                    ((field, index, "id"), item.id)
                    for field in ("seats", "trunks", "neighbours")
                    for index, item in enumerate(getattr(self, field))
                ),
                *(
                    ((field, index), name)
                    for field in ("trial_phones", "duty_phones")
                    for index, name in enumerate(getattr(self, field))
                ),
            ]
        )
        yield from _taken_twice([(("seats", index, "number"), seat.number) for index, seat in enumerate(self.seats)])
        taken = {*(seat.number for seat in self.seats), *(service.number for service in self.services)}
        if self.feedback_number in taken:
            told = f"{quoted(self.feedback_number or '')} is taken already"
            yield Refused("repeated", told, path=("feedback_number",))
        yield from _taken_twice([(("services", index, "id"), item.id) for index, item in enumerate(self.services)])
        yield from _taken_twice(
            [(("services", index, "number"), item.number) for index, item in enumerate(self.services)]
        )
        trunks = {trunk.id: trunk for trunk in self.trunks}
        for index, neighbour in enumerate(self.neighbours):
            place = ("neighbours", index, "trunk")
            if neighbour.trunk not in trunks:
                yield Refused("no_such_trunk", allowed=tuple(trunks), path=place)
            elif trunks[neighbour.trunk].contact is None:
                yield Refused("no_way_out", f"trunk {neighbour.trunk} has no contact to call out by", path=place)
        services = tuple(service.id for service in self.services)
        for key, choice in self.silent_menu.keys.items():
            if choice.service not in services:
                yield Refused("no_such_service", allowed=services, path=("silent_menu", "keys", key, "service"))


def _taken_twice(places: list[tuple[tuple[str | int, ...], str]]) -> Iterator[Refused]:
    """A complaint for each value that an earlier place has already."""
    seen: set[str] = set()
    for path, value in places:
        if value in seen:
            yield Refused("repeated", f"{quoted(value)} is taken already", path=path)
        seen.add(value)

"""What Asterisk has at one moment, in the core's words. Pure.

Where a caller is, the context of his channel tells; in the subroutines of the dialplan, who chose the seat.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from intake.edge.hearing import ENGINE, NET, Hearing, device
from intake.snapshot import CallSeen, Device, Place, SeatSeen, SignedInSeen, Snapshot
from telephony.manager import event as told
from telephony.manager.event import Reach
from telephony.manager.snapshot import Present
from telephony.manager.snapshot import Snapshot as Seen

_ASKING = frozenset({"unified", "arm", "carried", "asking", "answered", "stale"})
_WAITING = frozenset({"waiting", "alive", "menu", "keys", "phone", "announce", "hush"})
"""`alive` is used by who asks, too: woken for nothing he only asks, but taken for one who asks he might wait unseen."""
_NET = frozenset({"rescue", "fallback", "overflow"})
_AT = "/at"
"""The key of a sign-in in Asterisk's own database is `SEAT/at`."""
_SIGN_IN = re.compile(r"[A-Za-z0-9_.-]{1,60}/at")
"""What else lies there, nobody of ours wrote: it is left alone."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a call besides what its channel shows."""

    service: str | None = None
    """What the caller wants."""
    age_s: float | None = None
    """Since it began, exactly; None: the channel's own whole seconds have to do."""


def sight(
    seen: Seen,
    seats: Sequence[str],
    known: Callable[[str, str], Known],
    *,
    reports: Collection[str] = (),
    fence: int,
    now_s: float,
) -> Snapshot:
    """All that the core needs. `known` is asked by a call's id and the number dialled.

    `reports` are the numbers by which departments report, `fence` is the highest that the journal has, `now_s` the
    seconds since the epoch by the clock of the sign-ins.
    """
    hearing = Hearing(seats, reports)
    bridged = {present.channel.id: present.bridge for present in seen.channels if present.bridge}
    legs = [present for present in seen.channels if hearing.is_seats(present.channel)]
    callers = [present for present in seen.channels if hearing.is_callers(present.channel)]
    return Snapshot(
        calls=tuple(
            _call(caller, legs, bridged, known(caller.channel.id, caller.channel.called))
            for caller in sorted(callers, key=lambda each: _order(each.channel.id))
        ),
        seats=tuple(_seat(seat, seen, legs, bridged) for seat in seats),
        people=tuple(read_sign_in(key.removesuffix(_AT), value, now_s) for key, value in _sign_ins(seen.database)),
        fence=fence,
    )


def _call(caller: Present, legs: Sequence[Present], bridged: Mapping[str, str], known: Known) -> CallSeen:
    channel = caller.channel
    own = [leg for leg in legs if leg.channel.call == channel.id]
    with_him = [leg.channel.endpoint for leg in own if caller.bridge and bridged.get(leg.channel.id) == caller.bridge]
    rung = dict.fromkeys(leg.channel.endpoint for leg in own if not leg.bridge)  # a seat may have two channels
    place = _place(caller)
    return CallSeen(
        call=channel.id,
        place=place,
        fence=channel.fence,
        seats=tuple(rung) if place is Place.OFFERED else (),
        seat=with_him[0] if with_him else None,
        called=channel.called,
        caller=channel.number,
        service=known.service,
        age_s=caller.age_s if known.age_s is None else known.age_s,
    )


def _place(caller: Present) -> Place:
    if caller.bridge:
        return Place.JOINED
    context, path = caller.channel.context, caller.channel.path
    if context in _ASKING:
        return Place.ASKING
    if context in _NET or path == NET:
        return Place.NET
    if context in _WAITING:
        return Place.WAITING
    return Place.OFFERED if path == ENGINE else Place.NET


def _seat(seat: str, seen: Seen, legs: Sequence[Present], bridged: Mapping[str, str]) -> SeatSeen:
    state = seen.devices.get(seat, told.Device.UNKNOWN)
    own = [leg for leg in legs if leg.channel.endpoint == seat]
    talking = next((leg for leg in own if leg.channel.id in bridged), None)
    leg = talking or next(iter(own), None)
    line = Device.UNREACHABLE if seen.contacts.get(seat) in (None, Reach.UNREACHABLE) else device(state)
    return SeatSeen(
        seat=seat,
        # Until its telephone says that it rings, the device of one that is dialled is "not in use".
        device=Device.BUSY if line is Device.IDLE and leg is not None else line,
        call=leg.channel.call if leg is not None else None,
        joined=talking is not None,
        held=state is told.Device.ON_HOLD,
    )


def _order(call: str) -> tuple[int, int, str]:
    """Asterisk's unique ids end in the second and a count: `liandong-1732374000.12`."""
    second, _, count = call.rpartition("-")[2].partition(".")
    return (int(second), int(count), call) if second.isdecimal() and count.isdecimal() else (0, 0, call)


def _sign_ins(database: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted((key, value) for key, value in database.items() if _SIGN_IN.fullmatch(key))


def sign_in_key(seat: str) -> str:
    """Where a sign-in is kept in Asterisk's own database."""
    return f"{seat}{_AT}"


def write_sign_in(person: str, reason: str | None, now_s: float) -> str:
    """A sign-in as it is kept there."""
    return f"{person} {now_s:.0f} {reason or ''}".rstrip()


def read_sign_in(seat: str, text: str, now_s: float) -> SignedInSeen:
    """A sign-in as it was kept; what makes no sense names a person whom nobody knows, and is taken away."""
    person, _, rest = text.partition(" ")
    since, _, reason = rest.partition(" ")
    age_s = max(0.0, now_s - float(since)) if since.isdecimal() else 0.0
    return SignedInSeen(seat, person, reason or None, age_s)

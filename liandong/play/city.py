"""Who stands behind the trunk: every department's duty room, each with what it does when it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.centre import Centre
from dispatch.department import Departments
from phones import Behaviour, Phone, Switchboard, engaged, hangs_up, picks_up, presses

HOST, PORT = "127.0.0.2", 5060
"""Where the example centre's trunk leads to."""

WILLING = presses("1", ring_s=1.5, after_s=6.0)
"""Somebody who picks up, listens a while and takes the order."""

DUTY: Mapping[str, Sequence[Behaviour]] = {
    # Fire and rescue: the duty room is on the telephone already, its deputy takes the order.
    "87000119": (engaged(),),
    "87001119": (presses("1", ring_s=1.0, after_s=7.0),),
    # Ambulance: takes it as soon as it has begun.
    "87000120": (presses("1", ring_s=0.8, after_s=1.2),),
    # Police: somebody picks up and lays the receiver down; the deputy comes when the deadline has passed.
    "87000110": (picks_up(1.5),),
    "87001110": (picks_up(1.5), presses("1", ring_s=1.0, after_s=1.0)),
    # Gas: hangs up in the middle, and takes the order when it comes again.
    "87000203": (hangs_up(1.0, after_s=4.0),),
    "87001203": (presses("1", ring_s=2.0, after_s=4.0),),
    # Power: cannot take it, so the next one is asked at once.
    "87000202": (presses("9", ring_s=1.0, after_s=5.0),),
    "87001202": (presses("1", ring_s=1.0, after_s=3.0),),
}
"""What each of these does, call after call; all others are willing, and these are, too, after the story."""


async def open_trunk(server: tuple[str, int]) -> Phone:
    """The city's end of the trunk, at the example's port or at a free one. Raises OSError."""
    trunk = Phone(server, "city", local=(HOST, PORT))
    try:
        await trunk.open()
    except OSError:
        trunk = Phone(server, "city", local=(HOST, 0))
        await trunk.open()
    return trunk


def connect(city: Switchboard, centre: Centre) -> None:
    """Put somebody at every duty line of the centre's departments."""
    for department in centre.part(Departments).departments:
        for line in department.ladder.lines:
            if line.number is not None:
                city.connect(line.number, *DUTY.get(line.number, ()), WILLING)

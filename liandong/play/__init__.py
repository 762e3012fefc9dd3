"""The demo's play: one emergency on real telephones, from the ring to the acknowledged departments.

    async with Switchboard(trunk) as city:
        await play(installation, service, trunk, city, time.monotonic())

The centre is served as in production; the play stands outside: it holds telephones (`city`, `voice`, `position`), uses
the HTTP interface (`api`), listens to the feed (`timeline`, `telling`), and goes through its acts (`story`). In the end
everything is read again and proved (`proof`). `stage` makes the centre in which it plays; `stand_in` answers after it.
"""

from __future__ import annotations

import asyncio

from config.ports import PortSettings
from liandong.installation import TOKEN_ROLES, Installation
from liandong.play.api import Api, until
from liandong.play.proof import prove
from liandong.play.stand_in import stand_in
from liandong.play.story import SEATS, Story
from liandong.play.timeline import NotSeen, timeline
from liandong.play.voice import voices
from liandong.serve import Service
from phones import Phone, PhoneError, Switchboard

__all__ = ["SEATS", "NotSeen", "play", "stay"]

READY_S = 60.0  # a loaded machine with a cold disk


async def play(installation: Installation, service: Service, trunk: Phone, city: Switchboard, began: float) -> None:
    """Play it; `began` is when it all began, on the monotonic clock. Raises NotSeen for a fact that did not come."""
    api = _api(installation, service)
    seats = tuple(_seat(installation, service, name) for name in SEATS)
    trunk.server = seats[0].server
    speaking = asyncio.create_task(voices())
    try:
        for seat in seats:
            await seat.open()
            await seat.register()
        await until("the API is ready", api.ready, READY_S)
        said = await speaking
        async with timeline(f"ws://{api.address}/api/v1/feed", installation.token("supervisor").reveal()) as line:
            played = await Story(installation, api, line, trunk, seats, said, began).play()
            await prove(installation, api, line, city, played, said)
    except (PhoneError, OSError) as error:
        raise NotSeen(f"the demo ends here, a fact did not come: {error}") from error
    finally:
        speaking.cancel()
        for seat in seats:
            await seat.close()


async def stay(installation: Installation, service: Service) -> None:
    """After the play somebody answers at the second seat, until the first has a telephone. Raises PhoneError."""
    await stand_in(_api(installation, service), _seat(installation, service, SEATS[1]), SEATS[0])


def _api(installation: Installation, service: Service) -> Api:
    bind = installation.centre.part(PortSettings).bind
    return Api(f"{bind}:{service.ports.http}", {role: installation.token(role).reveal() for role in TOKEN_ROLES})


def _seat(installation: Installation, service: Service, name: str) -> Phone:
    server = (installation.centre.part(PortSettings).bind, service.ports.sip_udp)
    return Phone(server, name, installation.secrets.get_or_make(name).reveal())

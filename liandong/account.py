"""`liandong account`: what has to be typed into a telephone so that it registers."""

from __future__ import annotations

from pathlib import Path

from config.ports import Ports, PortSettings
from config.problem import Refused
from config.state import State
from liandong.installation import Installation


def account(config: Path, state: Path, name: str) -> int:
    """Print one account. Raises Refused for a name that no telephone has."""
    Ports.read(State(state.absolute()).run)  # a mistyped folder is told before anything is made in it
    installation = Installation.open(config, state)
    telephony = installation.telephony
    names = (*(seat.id for seat in telephony.seats), *telephony.trial_phones)
    if name not in names:
        raise Refused("no_such_account", f"no telephone is called {name}", allowed=names)
    print(account_text(installation, Ports.read(installation.state.run), name))
    if name in telephony.trial_phones:
        print(f"then dial {', '.join(service.number for service in telephony.services)}")
    return 0


def account_text(installation: Installation, ports: Ports, name: str) -> str:
    """What one telephone needs, one thing a line; its password is among them."""
    bind = installation.centre.part(PortSettings).bind
    return "\n".join(
        (
            f"account   {name}",
            f"password  {installation.secrets.get_or_make(name).reveal()}",
            f"server    {bind}:{ports.sip_udp} (UDP), {bind}:{ports.sip_tcp} (TCP), ws://{bind}:{ports.sip_ws}/ws",
        )
    )

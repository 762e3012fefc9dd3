"""`liandong account`, `token`, `pin`: what has to be typed in somewhere, shown to who may read the state folder."""

from __future__ import annotations

from pathlib import Path

from config.ports import Ports, PortSettings
from config.problem import Refused
from config.state import State, StateError
from intake.people import People
from liandong.installation import TOKEN_ROLES, Installation


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


def token(config: Path, state: Path, role: str) -> int:
    """Print what opens the API for a role. Raises Refused for one that does not exist."""
    if role not in TOKEN_ROLES:
        raise Refused("no_such_role", f"no role is called {role}", allowed=TOKEN_ROLES)
    print(_opened(config, state).token(role).reveal())
    return 0


def pin(config: Path, state: Path, person: str) -> int:
    """Print what a person keys in. Raises Refused for one whom people.yaml does not name."""
    installation = _opened(config, state)
    people = [each.id for each in installation.centre.part(People).people]
    if person not in people:
        raise Refused("no_such_person", f"nobody is called {person} in people.yaml", allowed=people)
    print(installation.pin(person).reveal())
    return 0


def _opened(config: Path, state: Path) -> Installation:
    """The installation in a state folder that was served before; a mistyped one is told, and made no secrets in."""
    folder = State(state.absolute())
    if not folder.secrets.is_dir():
        raise StateError("state_missing", f"{folder.path}: was never served; name the state folder with --state")
    return Installation.open(config, state)


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

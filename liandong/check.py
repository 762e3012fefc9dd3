"""`liandong check`: is this centre's configuration right, and can it be meant?"""

from __future__ import annotations

from pathlib import Path

from config.centre import Centre
from config.problem import ConfigErrors
from config.settings import Settings
from dispatch.department import Departments
from dispatch.plan import Plan
from liandong.centre import areas_of, load_centre
from liandong.planning import against, lints
from liandong.subscribers import problems_of
from telephony.settings import TelephonySettings


def check(folder: Path, given: Path | None = None) -> int:
    """Load the centre and say what it is; with a folder of given incidents, say what its plans would do.

    Raises ConfigErrors with every mistake, with what is allowed and cannot be meant, and with every expectation of a
    given incident that is not met.
    """
    centre = load_centre(folder)
    subscribers, problems = problems_of(centre)
    if found := [*lints(centre), *problems]:
        raise ConfigErrors(found)
    print(f"{folder}: right. {_told(centre, subscribers)}")
    if given is not None:
        _try(centre, given)
    return 0


def _told(centre: Centre, subscribers: int) -> str:
    telephony = centre.part(TelephonySettings)
    return (
        f"{centre.part(Settings).name.en}: {len(telephony.seats)} seats, "
        f"services {', '.join(service.number for service in telephony.services)}, "
        f"{len(telephony.trunks)} trunk(s), {len(telephony.neighbours)} neighbour(s), "
        f"{len(centre.part(Departments).departments)} departments, {len(centre.parts(Plan))} plans, "
        f"{len(areas_of(centre).areas)} areas, {subscribers} subscribers"
    )


def _try(centre: Centre, given: Path) -> None:
    """Show what given incidents would start. Raises ConfigErrors for what was expected and is not so."""
    tried, problems = against(centre, given)
    for each in tried:
        print("", *each.lines(), sep="\n")
    print(f"\n{given}: {len(tried)} given incidents tried, nobody was rung")
    if problems:
        raise ConfigErrors(problems)

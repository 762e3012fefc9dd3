"""`liandong check`: is this centre's configuration right?"""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings
from liandong.centre import load_centre
from telephony.settings import TelephonySettings


def check(folder: Path) -> int:
    """Load the centre and say what it is; raises ConfigErrors with every mistake."""
    centre = load_centre(folder)
    telephony = centre.part(TelephonySettings)
    print(
        f"{folder}: right. {centre.part(Settings).name.en}: {len(telephony.seats)} seats, "
        f"services {', '.join(service.number for service in telephony.services)}, "
        f"{len(telephony.trunks)} trunk(s), {len(telephony.neighbours)} neighbour(s)"
    )
    return 0

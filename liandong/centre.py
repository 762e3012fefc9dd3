"""The whole centre: which file belongs to whom, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import config.example
from config.centre import Centre, load
from config.part import Part
from config.ports import PortSettings
from config.problem import ConfigErrors, Refused
from config.settings import Settings
from gis.settings import GisSettings
from intake.incident.settings import IncidentTypes
from intake.people import People
from intake.settings import IntakeSettings
from recordings.settings import RecordingSettings
from telephony.prompt.settings import PromptSettings
from telephony.settings import TelephonySettings

PARTS: dict[str, type[Part]] = {
    "centre": Settings,
    "ports": PortSettings,
    "telephony": TelephonySettings,
    "prompts": PromptSettings,
    "recordings": RecordingSettings,
    "intake": IntakeSettings,
    "people": People,
    "gis": GisSettings,
    "incident_types": IncidentTypes,
}
"""Each file of a centre's folder, without `.yaml`, and the schema that its owner gives it."""

EXAMPLE = Path(config.example.__path__[0])
"""A whole invented centre, to look at and to start from."""


def load_centre(folder: Path) -> Centre:
    """Load a centre and check it as a whole. Raises ConfigErrors with everything that is wrong."""
    centre = load(folder, PARTS)
    services = [service.id for service in centre.part(TelephonySettings).services]
    trunks = [trunk.id for trunk in centre.part(TelephonySettings).trunks]
    problems = [
        *(centre.problem(PromptSettings, refused) for refused in _missing_prompts(centre)),
        *(
            centre.problem(IntakeSettings, refused)
            for refused in centre.part(IntakeSettings).unknown_services(services)
        ),
        *(centre.problem(People, refused) for refused in centre.part(People).unknown_skills(services)),
        *(centre.problem(GisSettings, refused) for refused in centre.part(GisSettings).unknown_trunks(trunks)),
        *(centre.problem(IncidentTypes, refused) for refused in centre.part(IncidentTypes).unknown_forms(services)),
    ]
    if problems:
        raise ConfigErrors(problems)
    return centre


def _missing_prompts(centre: Centre) -> Iterator[Refused]:
    """Prompts that the dialplan speaks and the centre has no text for."""
    telephony = centre.part(TelephonySettings)
    texts = centre.part(PromptSettings).texts()
    for prompt in telephony.prompts():
        if prompt not in texts:
            yield Refused("missing_prompt", f"the dialplan speaks the prompt {prompt}, which has no text here")

"""The whole centre: which file belongs to whom, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import config.example
from config.centre import Centre, load
from config.part import Part
from config.ports import PortSettings
from config.problem import ConfigErrors, Problem, Refused
from config.settings import Settings
from dispatch.department import Departments
from dispatch.lint import Finding, strangers
from dispatch.plan import Plan
from gis.area import Areas, load_areas
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
    "departments": Departments,
}
"""Each file of a centre's folder, without `.yaml`, and the schema that its owner gives it."""

FOLDERS: dict[str, type[Part]] = {"plans": Plan}
"""Each folder of many files in it, and the schema of every one."""

EXAMPLE = Path(config.example.__path__[0])
"""A whole invented centre, to look at and to start from."""


def load_centre(folder: Path) -> Centre:
    """Load a centre and check it as a whole. Raises ConfigErrors with everything that is wrong."""
    centre = load(folder, PARTS, FOLDERS)
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
        *(problem_of(centre, finding) for finding in _plans_and_departments(centre)),
    ]
    try:
        areas_of(centre)
    except ConfigErrors as errors:
        problems += errors.problems
    if problems:
        raise ConfigErrors(problems)
    return centre


def areas_of(centre: Centre) -> Areas:
    """Who is in charge where; nothing where the centre does not say. Raises ConfigErrors."""
    settings = centre.part(GisSettings)
    return load_areas(centre.folder / settings.areas, settings.areas_datum) if settings.areas is not None else Areas()


def problem_of(centre: Centre, finding: Finding) -> Problem:
    """A complaint about departments or a plan, with its place."""
    if finding.file is None:
        return centre.problem(Departments, finding.refused)
    return centre.problem(Plan, finding.refused, finding.file)


def _plans_and_departments(centre: Centre) -> Iterator[Finding]:
    """Departments and plans that do not exist, lines by which nobody can call out, telephones that nobody has."""
    departments, plans = centre.part(Departments), centre.parts(Plan)
    telephony = centre.part(TelephonySettings)
    ways_out = [trunk.id for trunk in telephony.trunks if trunk.contact is not None]
    yield from strangers(plans, departments)
    yield from (Finding(None, refused) for refused in departments.unknown_trunks(ways_out))
    yield from (Finding(None, refused) for refused in departments.unknown_endpoints(telephony.duty_phones))
    for file, plan in plans.items():
        yield from (Finding(file, refused) for refused in plan.unknown_trunks(ways_out))
        yield from (Finding(file, refused) for refused in plan.unknown_endpoints(telephony.duty_phones))


def _missing_prompts(centre: Centre) -> Iterator[Refused]:
    """Prompts that the dialplan speaks and the centre has no text for."""
    telephony = centre.part(TelephonySettings)
    texts = centre.part(PromptSettings).texts()
    for prompt in telephony.prompts():
        if prompt not in texts:
            yield Refused("missing_prompt", f"the dialplan speaks the prompt {prompt}, which has no text here")

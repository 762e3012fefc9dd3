"""What a centre's plans are held against: its types, areas and numbers; and a dry run of them on given incidents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.centre import Centre, load_many
from config.problem import Problem
from config.settings import Settings
from dispatch.department import Departments
from dispatch.incident import CASUALTIES, TRAPPED
from dispatch.lint import lint
from dispatch.overlap import Known
from dispatch.plan import Plan
from dispatch.trial import GivenIncident, Tried, dry_run
from gis.settings import GisSettings
from intake.incident.settings import IncidentTypes
from liandong.centre import areas_of, problem_of
from telephony.settings import TelephonySettings


def known(centre: Centre) -> Known:
    """What conditions may speak of in this centre. Raises ConfigErrors when the file of areas is wrong."""
    types = centre.part(IncidentTypes)
    return Known(
        types={each.id: each.event_class for each in types.all},
        areas={each.id: each.service for each in areas_of(centre).areas} if centre.part(GisSettings).areas else None,
        called=[service.number for service in centre.part(TelephonySettings).services],
        flags=[*(each.id for each in (*types.flags, *types.hazards)), TRAPPED, CASUALTIES],
    )


def lints(centre: Centre) -> Iterator[Problem]:
    """What is allowed in this centre's plans and yet cannot be meant."""
    for finding in lint(centre.parts(Plan), centre.part(Departments), known(centre)):
        yield problem_of(centre, finding)


def against(centre: Centre, folder: Path) -> tuple[tuple[Tried, ...], tuple[Problem, ...]]:
    """Try the plans on every incident of a folder: what would happen, and what was expected and is not so.

    Raises ConfigErrors when the folder or a file of it is wrong.
    """
    given = load_many(folder, GivenIncident)
    plans, zone = tuple(centre.parts(Plan).values()), centre.part(Settings).zone
    tried, problems = [], []
    for file, incident in given.parts(GivenIncident).items():
        done = dry_run(plans, centre.part(Departments), incident, centre.part(IncidentTypes), zone)
        tried.append(done)
        complaints = done.complaints(each.id for each in plans)
        problems += [given.problem(GivenIncident, refused, file) for refused in complaints]
    return tuple(tried), tuple(problems)

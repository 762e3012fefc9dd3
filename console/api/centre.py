"""What the centre's own files say: whom it may order, by which plans, and what it calls what happens."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from console.api.problem import INTERNAL, UNAUTHORIZED, problems
from console.api.sources import SourcesOf
from console.api.token import Anybody
from dispatch.department import Department
from dispatch.plan import Plan
from intake.incident.settings import IncidentType, Marking

_PROBLEMS = problems(UNAUTHORIZED, INTERNAL)

router = APIRouter(prefix="/api/v1", tags=["centre"])


class DepartmentList(BaseModel):
    """The linked departments, in the order of the centre's file."""

    departments: tuple[Department, ...]


class PlanList(BaseModel):
    """The centre's plans."""

    plans: tuple[Plan, ...]


class IncidentTypeList(BaseModel):
    """What an incident record's `type`, `hazards` and `flags` may be."""

    types: tuple[IncidentType, ...]
    hazards: tuple[Marking, ...]
    flags: tuple[Marking, ...]


@router.get("/departments", summary="The linked departments", responses=_PROBLEMS)
async def departments(sources: SourcesOf, role: Anybody) -> DepartmentList:
    """Who may be ordered, and the duty lines by which they are reached."""
    return DepartmentList(departments=sources.departments.departments)


@router.get("/plans", summary="The plans", responses=_PROBLEMS)
async def plans(sources: SourcesOf, role: Anybody) -> PlanList:
    """Which incidents start which plan, and what it orders."""
    return PlanList(plans=sources.plans)


@router.get("/incident-types", summary="The lists of the incident record", responses=_PROBLEMS)
async def incident_types(sources: SourcesOf, role: Anybody) -> IncidentTypeList:
    """The centre's kinds of incident, hazards and flags."""
    lists = sources.incident_types
    return IncidentTypeList(types=lists.all, hazards=lists.hazards, flags=lists.flags)

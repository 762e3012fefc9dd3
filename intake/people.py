"""Who may work at the seats, and what they can: the file `people.yaml`.

    people:
      - id: zhang-wei
        number: "1001"
        name: {zh: 张伟, en: Zhang Wei}
        skills: {police: 5, fire: 3}
        languages: [zh, en]
      - id: li-na
        number: "1002"
        name: {zh: 李娜, en: Li Na}
        skills: {police: 7, fire: 7, medical: 9}

A skill is a service of the centre with a level from 1 (can) to 9 (best). Who lacks a service is still asked when a
caller has waited too long for somebody who has it: a person who is not trained for fires is better than nobody.
PINs are secrets, and stand elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from config.field import Between, Digits, Language, Name, Wording
from config.part import Part, repeated
from config.problem import Refused, nearest
from intake.need import Need

Level = Annotated[int, Between(1, 9)]
"""How well: 1 can, 9 best."""


class Person(Part):
    """One call-taker, dispatcher or supervisor."""

    id: Name = Field(description="what other settings, the API and the journal call this person")
    number: Digits = Field(description="staff number: what this person keys in at a telephone to sign in")
    name: Wording = Field(description="what people call this person")
    skills: dict[Name, Level] = Field(min_length=1, description="service ids and how well this person knows them")
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = Field(
        (Language.ZH,), description="languages in which this person can talk with callers"
    )

    def complaints(self) -> Iterator[Refused]:
        """A language said twice."""
        yield from repeated((each, ("languages", index)) for index, each in enumerate(self.languages))

    def meets(self, need: Need) -> bool:
        """Whether this person can take such a call."""
        return (need.service is None or need.service in self.skills) and (
            need.language is None or need.language in self.languages
        )

    def level(self, need: Need) -> int:
        """How well: the skill's level, or the best of all skills where any service will do; 0 without the skill."""
        return self.skills.get(need.service, 0) if need.service is not None else max(self.skills.values())

    def needs(self) -> list[Need]:
        """Every need that this person meets."""
        services, languages = (None, *self.skills), (None, *self.languages)
        return [Need(service, language) for service in services for language in languages]


class People(Part):
    """`people.yaml`: everybody who may sign in."""

    people: tuple[Person, ...] = Field((), description="call-takers, dispatchers, supervisors")

    def complaints(self) -> Iterator[Refused]:
        """An id or a staff number used twice."""
        yield from repeated((each.id, ("people", index, "id")) for index, each in enumerate(self.people))
        yield from repeated((each.number, ("people", index, "number")) for index, each in enumerate(self.people))

    def unknown_skills(self, services: Collection[str]) -> Iterator[Refused]:
        """A complaint for each skill that is no service of the centre; whoever composes the parts asks for it."""
        for index, person in enumerate(self.people):
            for skill in person.skills:
                if skill not in services:
                    path = ("people", index, "skills", skill)
                    yield Refused("no_such_service", allowed=services, nearest=nearest(skill, services), path=path)

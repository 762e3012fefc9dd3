"""The text of an order: a template in both languages, filled with what is known of the incident.

`{place}` and the other names in `NAMES` stand for what the record says; nothing else may stand in braces, so that a
mistyped name is found when the plan is read and not when the telephone is answered. What is not known is said to be
unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field

from config.field import Language, Line, Wording
from config.part import Part
from config.problem import Refused, nearest, one_line, quoted
from intake.incident.kind import Grade

MOST_CHARACTERS = 400
"""Of one template: at 3.6 syllables a second some two minutes, and nobody remembers half of it."""

UNKNOWN: Mapping[Language, str] = MappingProxyType({Language.ZH: "不详", Language.EN: "unknown"})
_UNKNOWN: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        Language.ZH: {"place": "不详地点", "type": "不明警情", "grade": "等级不详"},
        Language.EN: {"place": "an unknown place", "type": "Unknown incident"},
    }
)
"""For what a bare word would not be understood of."""

NAMES: Mapping[str, int] = MappingProxyType(
    {
        "number": 12,
        "type": 6,
        "grade": 2,
        "place": 16,
        "summary": 30,
        "people": 12,
        "time": 6,
        "department": 6,
        "plan": 6,
    }
)
"""What may stand in braces, and how many Chinese characters it usually makes: for estimates of how long it takes."""

_GRADES: Mapping[Language, Mapping[Grade, str]] = MappingProxyType(
    {
        # A synthesiser spells Roman figures.
        Language.ZH: dict(zip(Grade, ("一级", "二级", "三级", "四级"), strict=True)),
        Language.EN: dict(zip(Grade, "1234", strict=True)),
    }
)

OPTIONAL = frozenset({"summary", "people"})
"""What is left out where it is not known: nobody misses it, and "unknown" for it would be one more thing to ask."""


def _template(value: str) -> str:
    try:
        pieces = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(value)]
    except ValueError:
        raise Refused("bad_template", "a brace without its other half", allowed=("{{ and }} for braces",)) from None
    for name, spec, conversion in pieces:
        if name is None:
            continue
        if name not in NAMES or spec or conversion:
            allowed = tuple(f"{{{each}}}" for each in NAMES)
            close = nearest(name, NAMES)
            told = f"{quoted('{' + name + '}')} stands for nothing"
            raise Refused("bad_template", told, allowed=allowed, nearest=f"{{{close}}}" if close else "")
    if len(value) > MOST_CHARACTERS:
        raise Refused("too_long", f"{len(value)} characters", allowed=(f"up to {MOST_CHARACTERS} characters",))
    return value


Template = Annotated[Line, AfterValidator(_template)]
"""One line of text with names in braces."""


class OrderText(Part):
    """What a department is told, in every language of the product."""

    zh: Template = Field(description="in Chinese")
    en: Template = Field(description="in English")

    def said(self, language: Language, values: Mapping[str, str]) -> str:
        """The text in one language. A name without a value is said to be unknown, or nothing if it can be left out."""
        template = self.zh if language is Language.ZH else self.en
        unknown = {**dict.fromkeys(NAMES, UNKNOWN[language]), **_UNKNOWN[language], **dict.fromkeys(OPTIONAL, "")}
        said = {name: values.get(name) or unknown[name] for name in NAMES}
        return one_line(template.format_map(said))

    def usual_s(self, language: Language) -> float:
        """How long it takes to speak with values of usual length, seconds."""
        usual = {name: ("字" if language is Language.ZH else "word ") * length for name, length in NAMES.items()}
        return spoken_s(self.said(language, usual), language)


@dataclass(frozen=True, slots=True)
class IncidentWords:
    """What orders say of an incident. It may tell of people: what is made of it can be erased."""

    number: str
    """Its number by day."""
    type: Wording | None = None
    """Its type's name."""
    grade: Grade | None = None
    """How grave."""
    place: str = ""
    """Where, in words."""
    summary: str = ""
    """What happened, in words."""
    people: Wording | None = None
    """How many are trapped or injured, in words."""
    time: str = ""
    """When it was reported, as people say it."""

    def values(self, language: Language, department: Wording, plan: Wording | None) -> dict[str, str]:
        """Every name of a template with what it stands for."""
        return {
            "number": self.number,
            "type": self.type.said(language) if self.type is not None else "",
            "grade": _GRADES[language][self.grade] if self.grade is not None else "",
            "place": _short(self.place, 80),
            "summary": _short(self.summary, 120),
            "people": _short(self.people.said(language), 60) if self.people is not None else "",
            "time": self.time,
            "department": department.said(language),
            "plan": plan.said(language) if plan is not None else "",
        }


def _short(text: str, most: int) -> str:
    """In one line, and no longer than somebody at a telephone can take in; the record has the rest."""
    line = one_line("".join(sign if sign.isprintable() else " " for sign in text))
    return line if len(line) <= most else f"{line[: most - 1]}…"


_ZH_SYLLABLES_A_SECOND = 3.6  # the synthesiser's calm voice; a newsreader has 4 to 5
_EN_CHARACTERS_A_SECOND = 13.0  # 150 words a minute of some five letters and a blank


def spoken_s(text: str, language: Language) -> float:
    """About how long it takes to speak a text, seconds."""
    han = sum("\u2e80" <= sign <= "\u9fff" for sign in text)
    rest = sum(not sign.isspace() for sign in text) - han
    if language is Language.ZH:
        # Each digit or Latin letter is a syllable of its own.
        return (han + rest) / _ZH_SYLLABLES_A_SECOND
    return len(text) / _EN_CHARACTERS_A_SECOND + han / _ZH_SYLLABLES_A_SECOND

"""The life of one child of the supervisor: what it does, what is done about it, and when.

    absent --appeared--> starting --beat--> running --late--> frozen --looked, late--> ending
      ^                     |                  |                 |                        |
      +------ ended --------+------------------+-----------------+------------------------+

Rules:

- The table (theory: `intake/table.py`) moves the stage; `step` turns every move into what is to be done, and keeps the
  one deadline that a life has. Time is an argument.
- A child that ends is started again, for ever: at once the first time, then after waiting a little longer each time.
  One that has lived for a while counts as new. Each way of failing is told once until then.
- A child without a beat is looked into from outside, then killed: also when it beats again meanwhile, because what it
  has missed is settled best by a fresh start. The look may fail or take too long; the killing waits no longer for it.
- A child that was found and is not what would be started now (another configuration, another version) is ended
  politely and replaced.
- When whoever watches was asleep itself (a paused machine), nobody is blamed for that time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto

from intake.table import Goes, Ignored, Ours, Table, Theirs, among

BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0)  # before each start again, from then on every last
STABLE_S = 30.0  # a child that lived this long starts again at once

_NUMBER = re.compile(r"\d+")
"""What differs between two failures of one kind: process numbers, ports, times."""


class Stage(StrEnum):
    """What a child does, as far as its process and its beat tell."""

    ABSENT = "absent"
    STARTING = "starting"
    """It has a process that has not beaten yet."""
    RUNNING = "running"
    FROZEN = "frozen"
    """It has not beaten for too long, and is being looked into."""
    ENDING = "ending"
    """It was told to end, or killed."""


class Happens(StrEnum):
    """What moves a child's stage."""

    APPEARED = "appeared"
    """Its process was started, or found living."""
    OUTDATED = "outdated"
    """A process was found that was started with something else than now."""
    BEAT = "beat"
    LATE = "late"
    """Its deadline has passed."""
    LOOKED = "looked"
    """The look into it is over, whatever came of it."""
    ENDED = "ended"
    """Its process has ended, or could not be started."""
    UNWANTED = "unwanted"
    """It shall end and not come back."""


_A, _S, _R, _F, _E = Stage
_ALIVE = (_S, _R)
_LATE_LOOK = Ignored("the look was into the process before")

LIFE: Table[Stage, Happens] = Table(
    "child",
    Stage,
    Happens,
    {
        Happens.APPEARED: {_A: Goes(_S), **among((_S, _R, _F, _E), Ours("one process a role"))},
        Happens.OUTDATED: {_A: Goes(_E), **among((_S, _R, _F, _E), Ours("one process a role"))},
        Happens.BEAT: {
            _A: Ours("only a process that is known is listened to"),
            _S: Goes(_R),
            _R: Ignored("it goes on"),
            _F: Ignored("silent for too long: a fresh start settles what it has missed"),
            _E: Ignored("it was told to end"),
        },
        Happens.LATE: {
            _A: Ignored("its process is looked for or started, and then appears"),
            **among(_ALIVE, Goes(_F)),
            _F: Goes(_E),
            _E: Ignored("it is killed, again if need be"),
        },
        Happens.LOOKED: {
            **among((_A, *_ALIVE), _LATE_LOOK),
            _F: Goes(_E),
            _E: Ignored("it is ending already"),
        },
        Happens.ENDED: {
            _A: Ignored("it could not be started"),
            **among((_S, _R, _F, _E), Goes(_A)),
        },
        Happens.UNWANTED: {
            _A: Ignored("there is nothing to end"),
            **among((_S, _R, _F), Goes(_E)),
            _E: Ignored("it is ending already"),
        },
    },
)
"""The one table of a child."""


class Do(Enum):
    """What is to be done about a child."""

    START = auto()
    """Find its process or start one; APPEARED, OUTDATED or ENDED tells the outcome."""
    LOOK_INTO = auto()
    """Have its stacks written down; LOOKED tells that it is over."""
    END = auto()
    """Ask it to end."""
    KILL = auto()
    SAY_RUNS = auto()
    """It beat for the first time."""
    SAY_STEADY = auto()
    """After having failed again and again it has lived for a while."""
    SAY_OUTDATED = auto()
    SAY_FROZEN = auto()
    SAY_ENDED = auto()
    """It ended by itself, in a way that was not told yet."""
    SAY_GONE = auto()
    """It ended as it was told to."""
    SAY_OVERDUE = auto()
    """It was asked to end and did not."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a child, in seconds."""

    start: float = 30.0
    """For the first beat: a loaded machine with a cold disk imports for ten."""
    beat: float = 6.0
    """For the next one; the dialplan has taken over after 2 already."""
    look: float = 3.0
    """For the look into a frozen one; it takes 0.02."""
    end: float | None = 10.0
    """After it was asked to end; None: as long as it beats, because what it does then must not be cut short."""


@dataclass(frozen=True, slots=True)
class Life:
    """One child as it is believed to be."""

    patience: Patience
    stage: Stage = Stage.ABSENT
    due: float | None = 0.0
    """When it is late; None when nothing is waited for."""
    wanted: bool = True
    since: float = 0.0
    """When its process appeared."""
    failures: int = 0
    """Ends that nobody wanted since it was last steady."""
    told: frozenset[str] = frozenset()
    """Ways of failing that were told since then."""
    mercy: float = 0.0
    """No beat is missed before: who watches did not run, and a beat that was not heard yet may be old."""
    blamed: bool = False
    """Whether its coming end counts as a failure although we bring it about."""

    @property
    def over(self) -> bool:
        """Whether nothing is left of it and nothing shall come."""
        return self.stage is Stage.ABSENT and not self.wanted


def overslept(life: Life, gap: float, now: float) -> Life:
    """The same life when whoever watches did not look for `gap` seconds longer than meant."""
    due = None if life.due is None else life.due + gap
    return replace(life, due=due, mercy=now + life.patience.beat)


def step(life: Life, happens: Happens, now: float, *, at: float = 0.0, how: str = "") -> tuple[Life, tuple[Do, ...]]:
    """The next life, and what is to be done; `at` is when a beat was made, `how` the way in which it ended.

    Raises Bug for what only a mistake of ours brings about.
    """
    stage = LIFE.after(life.stage, happens)
    if isinstance(stage, Theirs):
        raise AssertionError(stage)  # no such rule stands in the table
    if happens is Happens.UNWANTED:
        life = replace(life, wanted=False)
    match life.stage, happens:
        case Stage.ABSENT, Happens.LATE:
            return replace(life, due=None), (Do.START,)
        case Stage.ABSENT, Happens.APPEARED:
            return replace(life, stage=stage, since=now, due=now + life.patience.start, blamed=False), ()
        case Stage.ABSENT, Happens.OUTDATED:
            return _ending(replace(life, since=now, blamed=False), now, (Do.SAY_OUTDATED, Do.END))
        case Stage.ABSENT, Happens.UNWANTED:
            return replace(life, due=None), ()
        case ((Stage.ABSENT | Stage.STARTING | Stage.RUNNING), Happens.ENDED):
            return _failed(life, now, how)
        case ((Stage.FROZEN | Stage.ENDING), Happens.ENDED):
            return _gone(_rested(life, now), now)
        case Stage.STARTING, Happens.BEAT:
            said = (Do.SAY_RUNS,) if life.failures <= 1 else ()
            return replace(life, stage=stage, due=_next_beat(life, at)), said
        case Stage.RUNNING, Happens.BEAT:
            return _steady(replace(life, due=_next_beat(life, at)), now)
        case Stage.ENDING, Happens.BEAT if life.patience.end is None:
            return replace(life, due=_next_beat(life, at)), ()
        case ((Stage.STARTING | Stage.RUNNING), Happens.LATE):
            frozen = replace(life, stage=stage, due=now + life.patience.look, blamed=True)
            return frozen, (Do.SAY_FROZEN, Do.LOOK_INTO)
        case Stage.FROZEN, (Happens.LATE | Happens.LOOKED | Happens.UNWANTED):
            return _ending(life, now, (Do.KILL,))
        case ((Stage.STARTING | Stage.RUNNING), Happens.UNWANTED):
            return _ending(life, now, (Do.END,))
        case Stage.ENDING, Happens.LATE:
            return _ending(life, now, (Do.KILL,) if life.blamed else (Do.SAY_OVERDUE, Do.KILL))
    return life, ()


def _next_beat(life: Life, at: float) -> float:
    """When the beat after the one that was made then is late."""
    return max(at + life.patience.beat, life.mercy)


def _ending(life: Life, now: float, do: tuple[Do, ...]) -> tuple[Life, tuple[Do, ...]]:
    patience = life.patience.beat if life.patience.end is None else life.patience.end
    return replace(life, stage=Stage.ENDING, due=now + patience), do


def _failed(life: Life, now: float, how: str) -> tuple[Life, tuple[Do, ...]]:
    """It ended, or could not be started, and nobody meant it to."""
    if life.stage is not Stage.ABSENT:
        life = _rested(life, now)
    kind = _NUMBER.sub("N", how)
    ended, _ = _gone(replace(life, blamed=True, told=life.told | {kind}), now)
    return ended, () if kind in life.told else (Do.SAY_ENDED,)


def _gone(life: Life, now: float) -> tuple[Life, tuple[Do, ...]]:
    """Its process is no more; it starts again at once, or later when it keeps failing."""
    if not life.wanted:
        return replace(life, stage=Stage.ABSENT, due=None), (Do.SAY_GONE,)
    if not life.blamed:
        return replace(life, stage=Stage.ABSENT, due=now), ()
    due = now + BACK_OFF_S[min(life.failures, len(BACK_OFF_S) - 1)]
    return replace(life, stage=Stage.ABSENT, due=due, failures=life.failures + 1), ()


def _steady(life: Life, now: float) -> tuple[Life, tuple[Do, ...]]:
    rested = _rested(life, now)
    return rested, (Do.SAY_STEADY,) if life.failures > 1 and not rested.failures else ()


def _rested(life: Life, now: float) -> Life:
    """With its failures forgotten if it has lived long enough."""
    return replace(life, failures=0, told=frozenset()) if now - life.since >= STABLE_S else life

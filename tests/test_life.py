"""The life of a child as a table: every pair of stage and event, every order of events, and the scenes that matter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from intake.table import Ours
from liandong.diagram import main
from liandong.life import (
    BACK_OFF_S,
    LIFE,
    STABLE_S,
    Do,
    Happens,
    Life,
    Patience,
    Stage,
    overslept,
    step,
)

DOCS = Path(__file__).parent.parent / "docs" / "states"
PATIENCE = Patience(start=30.0, beat=6.0, look=3.0, end=10.0)
DEPTH = 7
STEPS_S = 0.25


@dataclass
class Scene:
    """One life on a clock that the test winds."""

    life: Life = field(default_factory=lambda: Life(PATIENCE))
    now: float = 100.0
    done: list[Do] = field(default_factory=list)

    def after(self, seconds: float, happens: Happens, *, how: str = "exit code 1", age: float = 0.0) -> "Scene":
        self.now += seconds
        self.life, done = step(self.life, happens, self.now, at=self.now - age, how=how)
        self.done = [*done]
        return self

    @property
    def patience(self) -> float:
        """Seconds until it is late."""
        assert self.life.due is not None
        return round(self.life.due - self.now, 6)


def running(patience: Patience = PATIENCE) -> Scene:
    scene = Scene(Life(patience)).after(0, Happens.LATE)
    assert scene.done == [Do.START]
    return scene.after(0.01, Happens.APPEARED).after(0.3, Happens.BEAT)


def lives(life: Life, now: float, depth: int) -> Iterator[tuple[Life, Happens, Life, tuple[Do, ...], float]]:
    """Every step of every order of events that an edge without bugs can bring about."""
    if depth == 0:
        return
    for happens in Happens:
        if isinstance(LIFE.rule(life.stage, happens), Ours):
            continue
        if happens is Happens.LATE and life.due is None:
            continue  # it is not late who is not waited for
        at = max(now, life.due or now) if happens is Happens.LATE else now + STEPS_S
        after, done = step(life, happens, at, at=at, how="exit code 1")
        yield life, happens, after, done, at
        yield from lives(after, at, depth - 1)


def test_no_order_of_events_loses_a_child_or_brings_one_back_that_is_not_wanted() -> None:
    seen = set()
    for before, happens, after, done, now in lives(Life(PATIENCE), 0.0, DEPTH):
        seen.add((before.stage, happens))
        if after.stage is not Stage.ABSENT:
            assert after.due is not None, "whoever lives is waited for"
        elif after.wanted and Do.START not in done and before.due is not None:
            assert after.due is not None, "whoever is absent and wanted comes back"
        assert after.due is None or after.due - now <= PATIENCE.start
        assert before.wanted or Do.START not in done
        assert before.wanted or not after.wanted
        if Do.KILL in done:
            assert after.stage is Stage.ENDING
            assert before.stage in (Stage.FROZEN, Stage.ENDING), "nobody is killed without a reason"
        if after.stage is Stage.FROZEN and before.stage is not Stage.FROZEN:
            assert Do.LOOK_INTO in done
        if after.stage is Stage.ENDING and before.stage is not Stage.ENDING:
            assert {Do.END, Do.KILL} & {*done}
        assert after.over == (after.stage is Stage.ABSENT and not after.wanted)
    possible = {(s, h) for s in Stage for h in Happens if not isinstance(LIFE.rule(s, h), Ours)}
    assert seen == possible, "the search met everything that the table allows"


def test_a_child_that_dies_is_started_again_at_once() -> None:
    scene = running().after(10, Happens.ENDED, how="killed by signal 9 (Killed)")
    assert scene.done == [Do.SAY_ENDED]
    assert (scene.life.stage, scene.patience) == (Stage.ABSENT, 0.0)
    assert scene.after(0, Happens.LATE).done == [Do.START]


def test_a_child_that_ends_at_once_is_started_for_ever_ever_slower_and_told_once() -> None:
    scene = Scene().after(0, Happens.LATE).after(0, Happens.APPEARED)
    waits, told = [], []
    for number in range(10):
        scene.after(0.1, Happens.ENDED, how=f"exit code 1: port 80{number} is taken by process {number}")
        told.append(scene.done)
        waits.append(scene.patience)
        assert scene.after(waits[-1], Happens.LATE).done == [Do.START]
        scene.after(0, Happens.APPEARED)
    assert waits == [*BACK_OFF_S, *[BACK_OFF_S[-1]] * 5]
    assert told == [[Do.SAY_ENDED], *[[]] * 9]
    assert scene.after(0.1, Happens.ENDED, how="exit code 1: the disk is full").done == [Do.SAY_ENDED]


def test_one_that_cannot_be_started_waits_the_same_way_however_long_the_one_before_had_lived() -> None:
    scene = running().after(1000, Happens.ENDED)
    waits = [scene.patience]
    for _ in range(4):
        scene.after(scene.patience, Happens.LATE).after(0, Happens.ENDED, how="it could not be started: no memory")
        waits.append(scene.patience)
    assert waits == [*BACK_OFF_S]


def test_a_child_that_has_lived_for_a_while_counts_as_new_and_its_recovery_is_told() -> None:
    scene = running()
    for _ in range(3):
        scene.after(1, Happens.ENDED).after(scene.patience, Happens.LATE).after(0, Happens.APPEARED)
    assert scene.after(0.3, Happens.BEAT).done == []
    assert scene.after(STABLE_S - 1, Happens.BEAT).done == []
    assert scene.after(1, Happens.BEAT).done == [Do.SAY_STEADY]
    assert scene.after(0.5, Happens.BEAT).done == []
    assert scene.after(5, Happens.ENDED).done == [Do.SAY_ENDED]
    assert scene.patience == 0.0


def test_the_first_beat_is_told_and_the_first_after_one_failure() -> None:
    scene = Scene().after(0, Happens.LATE).after(0, Happens.APPEARED)
    assert scene.after(0.3, Happens.BEAT).done == [Do.SAY_RUNS]
    scene.after(1, Happens.ENDED).after(0, Happens.LATE).after(0, Happens.APPEARED)
    assert scene.after(0.3, Happens.BEAT).done == [Do.SAY_RUNS]


def test_a_child_without_a_beat_is_looked_into_killed_and_started_again_at_once() -> None:
    scene = running()
    assert scene.patience == PATIENCE.beat
    assert scene.after(6, Happens.LATE).done == [Do.SAY_FROZEN, Do.LOOK_INTO]
    assert scene.after(0.02, Happens.LOOKED).done == [Do.KILL]
    assert scene.after(0.01, Happens.ENDED).done == []
    assert scene.patience == 0.0


def test_a_look_that_does_not_end_delays_the_kill_by_its_own_patience_only() -> None:
    scene = running().after(6, Happens.LATE)
    assert scene.patience == PATIENCE.look
    assert scene.after(PATIENCE.look, Happens.LATE).done == [Do.KILL]
    assert scene.after(1, Happens.LOOKED).done == []


def test_a_frozen_child_that_beats_again_is_killed_all_the_same() -> None:
    scene = running().after(6, Happens.LATE)
    assert scene.after(0.01, Happens.BEAT).life.stage is Stage.FROZEN
    assert scene.after(0.01, Happens.LOOKED).done == [Do.KILL]


def test_one_that_never_beats_is_frozen_after_a_longer_time() -> None:
    scene = Scene().after(0, Happens.LATE).after(0, Happens.APPEARED)
    assert scene.patience == PATIENCE.start
    assert scene.after(30, Happens.LATE).done == [Do.SAY_FROZEN, Do.LOOK_INTO]


def test_one_that_was_frozen_before_it_was_found_is_late_by_its_own_last_beat() -> None:
    scene = Scene().after(0, Happens.LATE).after(0, Happens.APPEARED).after(0, Happens.BEAT, age=20.0)
    assert scene.patience == -14.0


def test_a_killed_one_that_does_not_go_is_killed_again() -> None:
    scene = running().after(6, Happens.LATE).after(0.02, Happens.LOOKED)
    for _ in range(3):
        assert scene.after(scene.patience, Happens.LATE).done == [Do.KILL]


def test_a_child_that_is_not_wanted_ends_politely_or_by_force_and_stays_away() -> None:
    scene = running().after(1, Happens.UNWANTED)
    assert scene.done == [Do.END]
    assert scene.patience == PATIENCE.end
    assert scene.after(9, Happens.BEAT).patience == 1.0
    assert scene.after(1, Happens.LATE).done == [Do.SAY_OVERDUE, Do.KILL]
    assert scene.after(0.01, Happens.ENDED).done == [Do.SAY_GONE]
    assert scene.life.over
    assert scene.life.due is None


def test_one_that_must_not_be_cut_short_may_end_as_long_as_it_beats() -> None:
    scene = running(Patience(end=None)).after(1, Happens.UNWANTED)
    for _ in range(100):
        assert scene.after(5, Happens.BEAT).done == []
        assert scene.patience == 6.0
    assert scene.after(6, Happens.LATE).done == [Do.SAY_OVERDUE, Do.KILL]


def test_an_outdated_child_is_replaced_and_that_is_no_failure() -> None:
    scene = Scene().after(0, Happens.LATE).after(0, Happens.OUTDATED)
    assert scene.done == [Do.SAY_OUTDATED, Do.END]
    scene.after(0.1, Happens.ENDED)
    assert (scene.done, scene.patience, scene.life.failures) == ([], 0.0, 0)


def test_nobody_is_blamed_for_the_time_in_which_nobody_looked() -> None:
    scene = running()
    scene.now += 3600
    scene.life = overslept(scene.life, 3600.0, scene.now)
    assert scene.patience == PATIENCE.beat
    assert scene.after(0, Happens.BEAT, age=3600.0).patience == PATIENCE.beat, "a beat from before, heard only now"
    assert scene.after(0.5, Happens.BEAT).patience == PATIENCE.beat
    assert scene.after(6, Happens.LATE).life.stage is Stage.FROZEN
    assert overslept(Life(PATIENCE, due=None), 5.0, 0.0).due is None


def test_waiting_grows() -> None:
    assert all(shorter < longer for shorter, longer in pairwise(BACK_OFF_S))
    assert BACK_OFF_S[0] == 0.0
    assert BACK_OFF_S[-1] == 5.0


@pytest.mark.parametrize("stage", Stage)
def test_an_end_is_always_believed(stage: Stage) -> None:
    assert LIFE.after(stage, Happens.ENDED) is Stage.ABSENT


def test_the_docs_show_the_table_that_runs(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert (DOCS / "child.md").read_text() == (tmp_path / "child.md").read_text(), (
        "run: python -m liandong.diagram docs/states"
    )
    assert main([]) == 2

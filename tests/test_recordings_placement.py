"""Where audio lies in time, and the sets of stretches that this needs."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from recordings.interval import Interval, difference, intersection, union
from recordings.placement import Anchor, place

moments = st.integers(1_700_000_000_000, 1_800_000_000_000)
spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def test_a_seat_that_rang_ten_seconds_is_placed_by_its_end() -> None:
    placed = place(armed_ms=1_000, last_write_ms=71_000, length_ms=60_000)
    assert (placed.start_ms, placed.anchor, placed.late_ms) == (11_000, Anchor.LAST_WRITE, 10_000)


def test_a_leg_as_measured_on_a_killed_asterisk_is_placed_by_its_last_full_buffer() -> None:
    # Armed at .48, four buffers of 1.024 s written by 4.576 s later; the rest of the buffer was lost.
    placed = place(armed_ms=480, last_write_ms=4_600, length_ms=4_096)
    assert (placed.start_ms, placed.late_ms) == (504, 24)


def test_a_telephone_whose_clock_runs_fast_begins_at_its_arming() -> None:
    placed = place(armed_ms=1_000, last_write_ms=61_000, length_ms=60_300)
    assert (placed.start_ms, placed.anchor) == (1_000, Anchor.ARMED)


def test_a_copy_that_lost_its_times_is_placed_by_its_name_and_says_so() -> None:
    for last_write_ms in (999, 3_600_000):
        placed = place(armed_ms=1_000, last_write_ms=last_write_ms, length_ms=500, ended_ms=61_000)
        assert (placed.start_ms, placed.anchor) == (1_000, Anchor.ARMED_FOR_WANT_OF_BETTER)


@given(moments, st.integers(-10_000, 10**7), st.integers(0, 10**7), st.none() | st.integers(0, 10**7))
def test_no_audio_is_placed_before_its_arming_or_after_its_last_write(
    armed: int, written: int, length: int, ended: int | None
) -> None:
    placed = place(armed, armed + written, length, None if ended is None else armed + ended)
    assert placed.start_ms >= armed
    assert placed.late_ms == placed.start_ms - armed
    if placed.anchor is Anchor.LAST_WRITE:
        assert placed.start_ms + length == armed + written


@given(moments, st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_two_legs_that_end_together_and_hear_the_same_moment_agree_on_it(
    armed: int, ring: int, talk: int, later: int
) -> None:
    """The point of the rule: the caller's recorder runs from the start, the seat's from its answer."""
    end = armed + ring + talk
    caller = place(armed, end, ring + talk)
    seat = place(armed + min(ring, later), end, talk)
    assert seat.start_ms - caller.start_ms == ring


def _points(intervals: tuple[Interval, ...] | list[Interval]) -> set[int]:
    return {point for a, b in intervals for point in range(a, b)}


@given(spans, spans)
def test_sets_of_stretches_are_what_sets_of_points_say(ones: list[Interval], others: list[Interval]) -> None:
    assert _points(union([*ones, *others])) == _points(ones) | _points(others)
    assert _points(intersection(ones, others)) == _points(ones) & _points(others)
    assert _points(difference(ones, others)) == _points(ones) - _points(others)
    made = difference(ones, others)
    assert all(a < b for a, b in made) and all(b < c for (_, b), (c, _) in itertools.pairwise(made))

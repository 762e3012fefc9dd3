"""Whether audio came in while a leg's own file holds exact zeros: what Asterisk's count of RTP packets tells. Pure.

A file of exact zeros can't say whether its party sent nothing, sent digital silence, or was lost by the recorder. The
network side of Asterisk counts every packet of that party, and it does not share the recorder's faults. The leg's
own file says how long there was sound; what the packets last beyond that, they came during the zeros.

What the count can't say, and how that is met:

- *How long a packet is.* 20 ms is the default of every codec that we offer (RFC 3551 §4.2) and what our SDP asks for.
  Another length is believed only where 20 ms are impossible for this leg and the other agrees with it.
- *That nothing came before.* The count begins anew with every new source of the stream (SSRC). It then lasts for less
  than the sound does, and nothing is known. A packet of more than 20 ms looks alike: it may prove that audio came, and
  never that none did.
- *When.* A telephone often sends nothing before it is answered, so the zeros before the first sound are the last to
  be explained by packets, and the first to be explained by their absence.
- *What.* Key presses and comfort noise are packets too. Both are few, hence the shares below.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

USUAL_MS = 20
"""A packet of nearly every telephone."""
OTHERS_MS = (30, 10, 40, 60)
"""What else telephones can be set to, the commonest first."""
NEAR_MS, NEAR_SHARE = 500, 0.03
"""A count agrees with a time to half a second (cells of 0.1 s, a frame in flight) and 3 % (packets lost on the way)."""
CAME_SHARE, NONE_SHARE = 0.5, 0.25
"""Of the zeros' time: packets for half of it prove that audio came. Comfort noise has a packet every 200 ms or fewer,
a tenth, and may stand beside lost packets: up to a quarter still counts as none. Between the two nothing is known."""
DRIFT = 0.001
"""Of the time with sound, not counted as proof: a telephone's clock is wrong by 0.0002 at most, and the recorder drops
some frames when the machine stalls."""


class Arrival(StrEnum):
    """Whether audio came in."""

    CAME = "came"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Statement:
    """What the count says about the two kinds of zeros."""

    before: Arrival
    """Before the first sound; all zeros of a leg that has none."""
    after: Arrival
    """After the first sound."""


def witnessed(packets: int | None, sound_ms: int, before_ms: int, after_ms: int) -> Statement:
    """Judge a leg of so many packets (None: not counted), with so much sound and so many zeros before and after it."""
    arrived_ms = None if packets is None else _arrived_ms(packets, sound_ms, before_ms, after_ms)
    if arrived_ms is None:
        return Statement(Arrival.UNKNOWN, Arrival.UNKNOWN)
    beyond_ms = arrived_ms - sound_ms * (1 + DRIFT)
    before, after = _arrival(beyond_ms - after_ms, before_ms), _arrival(beyond_ms, after_ms)
    if before is Arrival.NONE and _arrival(beyond_ms, before_ms) is not Arrival.NONE:
        before = Arrival.UNKNOWN  # the packets may be those of either; the ones after the first sound have them
    if packets is not None and arrived_ms > packets * USUAL_MS:  # or fewer of 20 ms, since the stream's new source
        before, after = (Arrival.UNKNOWN if each is Arrival.NONE else each for each in (before, after))
    return Statement(before, after)


def _arrived_ms(packets: int, sound_ms: int, before_ms: int, after_ms: int) -> int | None:
    """For how long the packets last; None when they can't be this leg's."""
    whole_ms = sound_ms + before_ms + after_ms
    usual_ms = packets * USUAL_MS
    if sound_ms < usual_ms < whole_ms or _near(usual_ms, sound_ms) or _near(usual_ms, whole_ms):
        return usual_ms
    stories = sound_ms, sound_ms + after_ms, sound_ms + before_ms, whole_ms
    lengths = (length_ms for length_ms in OTHERS_MS if any(_near(packets * length_ms, story) for story in stories))
    return next((packets * length_ms for length_ms in lengths), None)


def _near(arrived_ms: int, story_ms: int) -> bool:
    return abs(arrived_ms - story_ms) <= NEAR_MS + NEAR_SHARE * story_ms


def _arrival(beyond_ms: float, zeros_ms: int) -> Arrival:
    if zeros_ms and beyond_ms >= CAME_SHARE * zeros_ms:
        return Arrival.CAME
    return Arrival.NONE if beyond_ms <= NONE_SHARE * zeros_ms else Arrival.UNKNOWN

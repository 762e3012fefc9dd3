"""Everything that was told is on disk, whole: it is fetched by the interface, read again and proved."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np
import soundfile
import soxr  # type: ignore[import-untyped]

from journal import PublicKey, facts_about, read_engine
from journal import verify as verify_journal
from liandong.installation import Installation
from liandong.play.api import Api
from liandong.play.story import Played
from liandong.play.timeline import NotSeen, Timeline
from liandong.play.voice import ADVICE, REPORT
from phones import Switchboard, share_heard
from phones.g711 import RATE_HZ, Samples
from recordings.verification import verify as verify_recordings

KEPT_S = 60.0
UNDERSTOOD = 0.5
"""Share of a sentence that must be in its recording: all of it, but for what a machine under load sends too late."""


async def prove(
    installation: Installation,
    api: Api,
    line: Timeline,
    city: Switchboard,
    played: Played,
    voices: Mapping[str, Samples],
) -> None:
    """Raises NotSeen for what is not as it was told."""
    line.act(_dialled_as_told(line, city, played.incident))
    kept = {}
    for call in (played.call, *played.attempts):
        kept[call] = await line.fact(f"the recording of {call}", "RecordingKept", {"call": call}, within_s=KEPT_S)
    audio = await api.download(f"/api/v1/recordings/{played.call}/audio")
    if hashlib.sha256(audio).hexdigest() != kept[played.call]["body"]["sha256"]:
        raise NotSeen("the demo ends here: the recording that was downloaded is not the one of the fact")
    caller, seat = await asyncio.to_thread(_understood, audio, voices)
    line.act(
        f"the recording, downloaded: {caller:.0%} of the caller's words left, {seat:.0%} of the call-taker's right"
    )
    if min(caller, seat) < UNDERSTOOD:
        raise NotSeen("the demo ends here: the recording does not hold what was said")
    report = await asyncio.to_thread(verify_recordings, installation.state.recordings)
    if not report.sound:
        raise NotSeen("the demo ends here: a recording is not what its evidence says")
    line.act(f"{len(kept)} recordings are verified: every byte is what its evidence says")
    count = await asyncio.to_thread(_journal_proved, installation, (played.call, played.second))
    line.act(
        f"the journal is verified: {count} facts, none missing or changed; each call has one beginning and one end"
    )


def _dialled_as_told(line: Timeline, city: Switchboard, incident: str) -> str:
    """The telephones saw what the facts say: no call without a decision, and one acknowledgement for each order."""
    about = [each for each in line.facts("AttemptDecided") if each["subjects"]["incident"] == incident]
    decided = Counter(each["personal"]["line"] for each in about)
    for number, count in decided.items():
        if len(city.calls(number)) > count:
            raise NotSeen(f"the demo ends here: {number} was called more often than it was decided")
    taken = [each for each in line.facts("Acknowledged") if each["subjects"]["incident"] == incident]
    if len(taken) != len({each["subjects"]["order"] for each in taken}):
        raise NotSeen("the demo ends here: an order was acknowledged twice")
    rung = sum(len(city.calls(number)) for number in decided)
    return f"{rung} calls to duty lines, each decided and written down before; each order is acknowledged once"


def _understood(flac: bytes, voices: Mapping[str, Samples]) -> tuple[float, float]:
    """How much of what was said is in a recording: the caller's sentence left, the call-taker's last one right."""
    samples, rate = soundfile.read(io.BytesIO(flac), dtype="int16", always_2d=True)
    left, right = (soxr.resample(samples[:, ear], rate, RATE_HZ).astype(np.int16) for ear in (0, 1))
    return share_heard(voices[REPORT], left), share_heard(voices[ADVICE], right)


def _journal_proved(installation: Installation, calls: Collection[str]) -> int:
    """Verify it; how many facts it has."""
    places = installation.journal_places
    engine = read_engine(places.url)
    try:
        report = verify_journal(engine, PublicKey.load(places.public_key), places.heads_file)
        if not report.sound:
            raise NotSeen("the demo ends here: the journal is not what was written")
        for call in calls:
            whats = [fact.body.get("what") for fact in facts_about(engine, "call", call)]
            if whats.count("CallArrived") != 1 or whats.count("CallEnded") != 1:
                raise NotSeen(f"the demo ends here: the journal tells of call {call}: {', '.join(map(str, whats))}")
        return report.facts
    finally:
        engine.dispose()

"""Recordings over HTTP: whole or in part as RFC 9110 has it, to supervisors alone, and written down before."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api.byterange import ByteRange, Unsatisfiable, unchanged, wanted
from dispatch.tables import attempts
from journal import facts_after
from recordings.archive import Recording, finish
from recordings.telling import kept
from tests.api_room import DISPATCHER, SUPERVISOR, TAKER, Api, open_api
from tests.console_room import Answer
from tests.test_recordings_recorder import Recorder, nothing, voice, zeros

CALL = "liandong-1732374000.1"
AT = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)


@pytest.fixture
async def api(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    async with open_api(short_path, monkeypatch) as opened:
        yield opened


async def recorded(api: Api, call: str = CALL, *, heard: bool = True) -> Recording:
    """A finished recording, as the journal knows it."""
    root = api.house.installation.state.recordings

    def make() -> Recording:
        recorder = Recorder(root, call)
        if heard:
            caller = voice(3.0, seed=1)
            recorder.leg("caller", caller, np.concatenate([zeros(1.0), voice(2.0, seed=2)]), channel="liandong-1")
        else:
            recorder.leg("caller", nothing(), nothing(), channel="liandong-1")
        return finish(root, call)

    made = await asyncio.to_thread(make)
    await api.house.journal.record(*kept(made, root, AT))
    return made


async def audio(api: Api, wish: str | None = None, **more: str) -> Answer:
    headers = ({"Range": wish} if wish is not None else {}) | {
        name.replace("_", "-"): each for name, each in more.items()
    }
    return await api.ask("GET", f"/recordings/{CALL}/audio", role=SUPERVISOR, headers=headers)


def audited(api: Api) -> list[tuple[str, str | None, Any]]:
    """Who listened to what, as the journal has it."""
    facts = [each for each in facts_after(api.house.journal.reader, 0) if each.type.startswith("Recording")]
    return [
        (each.type, each.subjects.get("call"), (each.personal or {}).get("query"))
        for each in facts
        if each.type in ("RecordingsListed", "RecordingPlayed")
    ]


async def test_a_recording_is_given_out_whole_with_its_digest(api: Api) -> None:
    made = await recorded(api)
    assert made.flac_path is not None
    data = made.flac_path.read_bytes()
    answer = await audio(api)
    assert (answer.status, answer.body) == (200, data)
    digest = hashlib.sha256(data)
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == f'attachment; filename="{CALL}.flac"'
    assert answer.headers["cache-control"] == "no-store"
    assert audited(api) == [("RecordingPlayed", CALL, None)]
    head = await api.ask("HEAD", f"/recordings/{CALL}/audio", role=SUPERVISOR)
    assert (head.status, head.body) == (200, b"")
    for name in ("etag", "content-length", "content-type", "accept-ranges", "content-disposition", "repr-digest"):
        assert head.headers[name] == answer.headers[name], name


async def test_a_part_of_it_is_given_out(api: Api) -> None:
    made = await recorded(api)
    assert made.flac_path is not None
    data = made.flac_path.read_bytes()
    size = len(data)
    for wish, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, size - 1),
        ("bytes=-7", size - 7, size - 1),
        (f"bytes=5-{size + 1000}", 5, size - 1),
        (f"bytes=-{size * 2}", 0, size - 1),
        (f"Bytes={size - 1}-{'9' * 400}", size - 1, size - 1),
    ):
        answer = await audio(api, wish)
        assert (answer.status, answer.body) == (206, data[first : last + 1]), wish
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert answer.headers["content-length"] == str(last - first + 1)
    assert audited(api)[0] == ("RecordingPlayed", CALL, {"range": "bytes=0-0"})
    for wish in ("bytes=9-3", "bytes=0-1,3-4", "bytes=", "bytes=-", "bytes", "lines=0-1", "bytes=x-y", "bytes=--1"):
        answer = await audio(api, wish)
        assert (answer.status, len(answer.body)) == (200, size), wish
    for wish in (f"bytes={size}-", "bytes=-0", f"bytes={'9' * 5_000}-"):
        answer = await audio(api, wish)
        assert (answer.status, answer.code) == (416, "range_not_satisfiable"), wish
        assert answer.headers["content-range"] == f"bytes */{size}"


async def test_a_part_of_something_else_is_never_given_out(api: Api) -> None:
    made = await recorded(api)
    assert made.evidence.audio is not None
    etag = f'"{made.evidence.audio.sha256}"'
    assert (await audio(api, "bytes=0-9", If_Range=etag)).status == 206
    for other in ('"other"', f"W/{etag}", "Wed, 25 Nov 2026 15:00:00 GMT", ""):
        answer = await audio(api, "bytes=0-9", If_Range=other)
        assert (answer.status, len(answer.body)) == (200, made.evidence.audio.bytes), other
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = await audio(api, If_None_Match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    assert (await audio(api, If_None_Match='"other"')).status == 200


async def test_the_evidence_is_given_out_as_it_was_written(api: Api) -> None:
    made = await recorded(api)
    answer = await api.ask("GET", f"/recordings/{CALL}/evidence", role=SUPERVISOR)
    assert answer.body == made.evidence_path.read_bytes()
    assert answer.json["evidence_sha256"] == made.evidence.evidence_sha256
    assert audited(api) == [("RecordingPlayed", CALL, {"evidence": "True"})]


async def test_recordings_are_listed_by_call_order_and_incident(api: Api) -> None:
    made = await api.json(
        "POST", "/incidents", {"changes": {"type": "house-fire", "place": "晨光路12号"}, "call": CALL}
    )
    done = await api.json(
        "POST", f"/incidents/{made['incident']['id']}/submit", {"version": made["incident"]["version"]}
    )
    order, incident = done["orders"][0], done["incident"]
    attempt = f"{order}-90"
    row = {
        "id": attempt,
        "order_id": order,
        "fence": 10**6,
        "round": 1,
        "rung": 0,
        "line": "87000119",
        "repeats": False,
    }
    row |= {"decided_at": "2026-11-25T15:15:00.000000Z", "heard": False, "ended": True}
    await api.house.journal.decide(lambda unit: unit.connection.execute(attempts.insert().values(row)))
    whole = [await recorded(api, call) for call in ("liandong-1732374000.9", CALL, attempt)]

    async def found(query: str) -> list[tuple[str, str | None]]:
        told = await api.json("GET", f"/recordings?{query}", role=SUPERVISOR)
        return [(each["call"], each["order"]) for each in told["recordings"]]

    everything = await api.json("GET", "/recordings", role=SUPERVISOR)
    assert [each["call"] for each in everything["recordings"]] == ["liandong-1732374000.9", CALL, attempt]
    sound, first = whole[0].evidence.audio, everything["recordings"][0]
    assert sound is not None
    assert (first["sha256"], first["bytes"], first["duration_ms"]) == (sound.sha256, sound.bytes, sound.duration_ms)
    assert first["start"] == whole[0].evidence.start.replace("Z", "000Z")
    assert ".flac" not in json.dumps(everything) and "evidence" not in first
    assert await found(f"call={CALL}") == [(CALL, None)]
    assert await found(f"order={order}") == [(attempt, order)]
    for name in (incident["id"], incident["number"]):
        assert await found(f"incident={name}") == [(CALL, None), (attempt, order)]
    assert await found(f"incident={incident['id']}&order={order}") == [(attempt, order)]
    assert await found(f"call=none&order={order}") == []
    page = await api.json("GET", f"/recordings?after={first['sequence']}&limit=1", role=SUPERVISOR)
    assert ([each["call"] for each in page["recordings"]], page["more"]) == ([CALL], True)
    assert await api.refused("GET", "/recordings?incident=none", role=SUPERVISOR) == (404, "no_such_incident")
    assert await api.refused("GET", "/recordings?order=none", role=SUPERVISOR) == (404, "no_such_order")
    assert ("RecordingsListed", CALL, {"call": CALL, "limit": "100"}) in audited(api)


async def test_recordings_are_a_supervisors_alone(api: Api) -> None:
    await recorded(api)
    for path in ("", f"/{CALL}/audio", f"/{CALL}/evidence"):
        for role in (TAKER, DISPATCHER):
            assert await api.refused("GET", f"/recordings{path}", role=role) == (403, "forbidden")
        assert await api.refused("GET", f"/recordings{path}", role=None) == (401, "unauthorized")
        assert (await api.ask("GET", f"/recordings{path}?seat=seat-01", role=SUPERVISOR)).code == "nobody_signed_in"
    assert (await api.ask("HEAD", f"/recordings/{CALL}/audio", role=DISPATCHER)).status == 403
    assert audited(api) == []


async def test_what_cannot_be_written_down_is_not_given_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await recorded(api)
    await api.house.engine._hub.stop()
    for path in ("", f"/{CALL}/audio", f"/{CALL}/evidence"):
        answer = await api.ask("GET", f"/recordings{path}", role=SUPERVISOR)
        assert (answer.status, answer.code) == (503, "engine_away")
    assert audited(api) == []


async def test_a_recording_that_is_not_there_or_is_not_what_was_kept_is_told(api: Api) -> None:
    made = await recorded(api)
    assert made.flac_path is not None
    for call, status in (("none", 404), ("x" * 128, 404), ("x" * 129, 422)):
        for what in ("audio", "evidence"):
            assert (await api.ask("GET", f"/recordings/{call}/{what}", role=SUPERVISOR)).status == status
    assert await api.refused("GET", "/recordings/none/audio", role=SUPERVISOR) == (404, "no_such_recording")
    made.flac_path.write_bytes(made.flac_path.read_bytes() + b"x")
    assert (await audio(api)).code == "recording_damaged"
    made.flac_path.unlink()
    assert (await audio(api)).code == "recording_gone"
    made.flac_path.mkdir()
    assert (await audio(api)).code == "recording_gone"
    made.flac_path.rmdir()
    made.flac_path.symlink_to("/etc/passwd")
    assert (await audio(api)).code == "recording_gone"
    made.evidence_path.write_bytes(made.evidence_path.read_bytes().replace(b"caller", b"seat-1"))
    assert await api.refused("GET", f"/recordings/{CALL}/evidence", role=SUPERVISOR) == (500, "recording_damaged")
    made.evidence_path.unlink()
    assert await api.refused("GET", f"/recordings/{CALL}/evidence", role=SUPERVISOR) == (410, "recording_gone")


async def test_a_call_in_which_nobody_was_heard_has_evidence_and_no_audio(api: Api) -> None:
    await recorded(api, heard=False)
    assert (await audio(api)).code == "no_audio"
    assert (await api.ask("GET", f"/recordings/{CALL}/evidence", role=SUPERVISOR)).status == 200
    (one,) = (await api.json("GET", "/recordings", role=SUPERVISOR))["recordings"]
    assert (one["sha256"], one["bytes"], one["duration_ms"]) == (None, None, 0)


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60), st.sampled_from(("both", "from", "last")))
def test_any_range_is_what_a_slice_would_be(size: int, first: int, last: int, form: str) -> None:
    data = bytes(range(size))
    wish = {"both": f"bytes={first}-{last}", "from": f"bytes={first}-", "last": f"bytes=-{first}"}[form]
    slices = {"both": data[first : last + 1], "from": data[first:], "last": data[max(0, size - first) :]}
    try:
        found = wanted(wish, None, '"e"', size)
    except Unsatisfiable:
        assert slices[form] == b"" and not (form == "both" and last < first)
    else:
        if found is None:
            assert form == "both" and last < first
        else:
            assert data[found.first : found.last + 1] == slices[form]
            assert found.length == len(slices[form])


def test_words_around_a_range() -> None:
    assert wanted(None, None, '"e"', 9) is None
    assert wanted("bytes= 1-2\t", ' "e" ', '"e"', 9) == ByteRange(1, 2)
    assert ByteRange(1, 2).told(9) == "bytes 1-2/9"
    assert not unchanged(None, '"e"') and not unchanged('"f"', '"e"') and unchanged('"f" , "e"', '"e"')

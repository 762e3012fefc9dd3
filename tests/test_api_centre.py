"""The whole story over HTTP, in a real centre: a call, its incident, its departments, and what is heard of it later."""

import hashlib
import io
import tempfile
from functools import partial
from pathlib import Path

import soundfile

from console.api.token import Role
from liandong import lock
from phones import Phone, Switchboard, presses, ring_then_answer
from tests.api_room import DISPATCHER, SUPERVISOR, TAKER, Api
from tests.centre import TRUNK, running_centre
from tests.conversation import CALLER_HZ, taken, talk
from tests.watch import PEOPLE, Watch, watching

WITHIN = 120.0  # seconds; a department listens before it presses, and the machine may be busy
FIRE = {"type": "house-fire", "place": "启明区晨光路12号", "summary": "三楼冒烟"}


def acknowledged(watch: Watch, order: str) -> bool:
    return any(each.type == "Acknowledged" and each.subjects["order"] == order for each in watch.facts.values())


async def test_a_call_becomes_an_incident_that_is_acknowledged_closed_and_listened_to(sounds: Path) -> None:
    async with Phone(("127.0.0.1", 9), "city", local=(TRUNK, 0)) as trunk, Switchboard(trunk) as city:
        for number in ("87000119", "87000110"):
            city.connect(number, presses("1", ring_s=0.5, after_s=2))
        with tempfile.TemporaryDirectory(prefix="ld-") as folder:
            running = running_centre(Path(folder), sounds, engine=True, neighbour_port=trunk.address[1])
            async with running as centre, watching(centre) as watch:
                await centre.beats(lock.Role.WEB)
                secrets = centre.state / "secrets"
                tokens = {role: (secrets / f"token-{role.value}").read_text().strip() for role in Role}
                api = await Api.begin(centre.port("http"), tokens)
                seat, caller = await centre.seat(1, ring_then_answer()), await centre.caller()
                await api.json("POST", "/seats/seat-01/sign-in", {"person": PEOPLE[0]}, role=SUPERVISOR)
                await watch.until("seat 1 is free", lambda: watch.seat(1).free)

                call = await caller.dial("119", tone=CALLER_HZ)
                at_seat = await taken(seat)
                await talk(call, at_seat)
                id = (await watch.joined(caller.user, 1)).id
                told = await api.json("GET", f"/calls/{id}/caller")
                assert (told["key"], told["count"]) == (caller.user, 0)
                mark = {"seat": "seat-01", "lat": 39.61234, "lon": 85.38123, "radius_m": 20}
                spot = await api.json("POST", f"/calls/{id}/position", mark)
                assert spot["rank"] == "confirmed"
                begin = {"seat": "seat-01", "call": id, "changes": FIRE}
                made = (await api.json("POST", "/incidents", begin, key="form-1"))["incident"]
                assert (made["created_by"], made["calls"][0]["caller"]) == (PEOPLE[0], caller.user)
                path = f"/incidents/{made['number']}"
                done = await api.json("POST", f"{path}/submit", {"version": made["version"]}, key="form-1")
                assert done["orders"]
                await call.hang_up()

                for order in done["orders"]:
                    await watch.until(
                        f"{order} is acknowledged", lambda order=order: acknowledged(watch, order), WITHIN
                    )
                    now = await api.json("GET", f"/orders/{order}")
                    assert (now["state"], now["how"]) == ("acknowledged", "key")
                fire = next(each for each in done["orders"] if ".fire." in each)
                report = {"progress": "on-scene", "words": "两车已到场"}
                assert (await api.json("POST", f"/orders/{fire}/feedback", report, role=DISPATCHER))["reports"]
                now = await api.json("GET", path)
                assert now["state"] == "in progress"
                await api.json("POST", f"{path}/close", {"version": now["version"], "result": "handled"}, role=TAKER)

                attempt = (await api.json("GET", f"/orders/{fire}"))["attempts"][-1]["id"]
                for each in (id, attempt):
                    await watch.until(
                        f"{each} is kept", lambda each=each: watch.about("RecordingKept", call=each), WITHIN
                    )
                kept = (await api.json("GET", f"/recordings?incident={made['number']}", role=SUPERVISOR))["recordings"]
                assert {id, attempt} <= {each["call"] for each in kept}
                for each in kept:
                    whole = await api.ask("GET", f"/recordings/{each['call']}/audio", role=SUPERVISOR)
                    assert hashlib.sha256(whole.body).hexdigest() == each["sha256"]
                    frames, rate = soundfile.read(io.BytesIO(whole.body))
                    assert abs(len(frames) / rate * 1000 - each["duration_ms"]) < 100
                    half = {"Range": "bytes=-1000", "If-Range": whole.headers["etag"]}
                    part = await api.ask("GET", f"/recordings/{each['call']}/audio", role=SUPERVISOR, headers=half)
                    assert (part.status, part.body) == (206, whole.body[-1000:])
                    await api.ask("GET", f"/recordings/{each['call']}/evidence", role=SUPERVISOR)
                    played = partial(watch.about, "RecordingPlayed", call=each["call"])
                    await watch.until("each look at it is told", lambda played=played: len(played()) == 3)
                history = await api.json("GET", f"{path}/history")
                assert [each["by"] for each in history["entries"]][:2] == [PEOPLE[0]] * 2
                await centre.spotless()

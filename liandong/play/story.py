"""The story, act by act: what people do, and which fact must come of it.

People do things on telephones and by the HTTP interface, as they would at a console; nothing here reaches into the
centre, but for the one act in which the engine is killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journal.instant import to_text, utc_now
from liandong.installation import Installation
from liandong.lock import Role, holder
from liandong.play.api import Api, until
from liandong.play.position import HEADERS, LAT, LON, PLACE, RADIUS_M, carried
from liandong.play.telling import Json
from liandong.play.timeline import NotSeen, Timeline
from liandong.play.voice import ADVICE, GREETING, REPORT
from phones import IncomingCall, OutgoingCall, Phone
from phones.g711 import Samples

CALLER, SECOND_CALLER, FIRE_BRIGADE = "13800000101", "13800000119", "87001119"
SEATS = ("seat-01", "seat-02")
PEOPLE = ("zhang-wei", "li-na")
PLAN = "major-fire"
ORDERED = ("fire", "medical", "police", "traffic", "power", "gas", "water")
"""By that plan."""
HAPPENS: tuple[tuple[str, str, str, Json], ...] = (
    ("the fire brigade's first line is busy", "fire", "AttemptEnded", {"outcome": "busy"}),
    ("power's first line cannot take it", "power", "Declined", {}),
    ("somebody at the gas supply hangs up", "gas", "AttemptEnded", {"outcome": "hung-up"}),
    ("nobody presses a key at the police", "police", "AttemptEnded", {"outcome": "no-key"}),
    ("the police's order is escalated", "police", "Escalated", {"why": "deadline"}),
    ("the dispatcher is told of it", "police", "DispatcherTold", {}),
)
"""What else must happen to these orders: what, whose, which fact, what it says."""
ANSWER_S = 1.2  # how long the call-taker lets it ring: a trained one takes up to three seconds
SPEECH_S = 20.0
BETWEEN_S = 0.5  # from the last key of a code to the next prompt
REACHED_S = 90.0  # the deadline, another line, and the order spoken there
ENGINE_S = 30.0


@dataclass(frozen=True)
class Played:
    """What the story came to: what is to be proved."""

    call: str
    """The caller's call."""
    second: str
    """That of the one who called while there was no engine."""
    incident: str
    attempts: tuple[str, ...]
    """Of each department, the call in which it acknowledged."""


class Story:
    """Everything that takes part in it."""

    def __init__(
        self,
        installation: Installation,
        api: Api,
        line: Timeline,
        trunk: Phone,
        seats: tuple[Phone, ...],
        voices: Mapping[str, Samples],
        began: float,
    ) -> None:
        """`began` is when the demo was started, on the monotonic clock."""
        self._installation = installation
        self._api = api
        self._line = line
        self._trunk = trunk
        self._seats = seats
        self._voices = voices
        self._began = began

    async def play(self) -> Played:
        """Play it. Raises NotSeen, PhoneError, OSError."""
        await self._work()
        dialled, taken, call = await self._ring()
        incident = await self._record(dialled, taken, call)
        second = await self._engine_dies()
        attempts = await self._reached(incident)
        await self._report(incident)
        return Played(call, second, incident, attempts)

    # The call.

    async def _work(self) -> None:
        """Two people sign in, the first one is free for longer; whoever an earlier demo has left there goes home."""
        for each in (await self._api.get("/api/v1/seats"))["seats"]:
            if each["person"] is not None:
                await self._api.act("supervisor", "POST", f"/api/v1/seats/{each['id']}/sign-out", {})
        for seat, person in zip(SEATS, PEOPLE, strict=True):
            await self._api.act("supervisor", "POST", f"/api/v1/seats/{seat}/sign-in", {"person": person})
            await self._line.fact(f"{person} is signed in", "SignedIn", {"seat": seat})

            async def free(seat: str = seat) -> bool:
                return bool((await self._api.get(f"/api/v1/seats/{seat}"))["free"])

            await until(f"{seat} is free", free)

    async def _ring(self) -> tuple[OutgoingCall, IncomingCall, str]:
        """The caller dials 119, the first seat rings and answers; gives both ends and the call's id."""
        dialled = await self._trunk.dial("119", caller=CALLER, headers=HEADERS, enclosures=(carried(),))
        arrived = await self._line.fact("the call arrives", "CallArrived", {}, personal={"caller": CALLER})
        call: str = arrived["subjects"]["call"]
        taken = await self._seats[0].incoming()
        await taken.ring()
        await dialled.ringing()
        self._line.act(f"the first ring, {time.monotonic() - self._began:.1f} s after the demo was started")
        await self._line.fact("where the caller is", "CallLocated", {"call": call})
        await asyncio.sleep(ANSWER_S)
        await taken.answer()
        await dialled.answered()
        await self._line.fact("the call is answered", "CallAnswered", {"call": call, "seat": SEATS[0]})
        return dialled, taken, call

    async def _record(self, dialled: OutgoingCall, taken: IncomingCall, call: str) -> str:
        """The caller tells, the call-taker writes and hands over; gives the incident's id."""
        said = {"call": call, "seat": SEATS[0], "changes": {"called": "119", "form": "fire", "callback": CALLER}}
        done = await self._api.act("call-taker", "POST", "/api/v1/incidents", said)
        incident: str = done["incident"]["id"]
        await self._line.fact("the record is begun", "IncidentCreated", {"incident": incident})
        await self._says(taken, "call-taker", GREETING, dialled)
        await self._says(dialled, "caller", REPORT, taken)
        said = {"version": done["incident"]["version"], "seat": SEATS[0], "changes": _told()}
        done = await self._api.act("call-taker", "PATCH", f"/api/v1/incidents/{incident}", said)
        await self._line.fact("the record is filled in", "IncidentAmended", {"incident": incident})
        said = {"version": done["incident"]["version"], "seat": SEATS[0]}
        done = await self._api.act("call-taker", "POST", f"/api/v1/incidents/{incident}/submit", said)
        await self._line.fact("the incident is submitted", "IncidentSubmitted", {"incident": incident})
        await self._line.fact(f"the plan {PLAN} starts", "PlanStarted", {"incident": incident, "plan": PLAN})
        await self._says(taken, "call-taker", ADVICE, dialled)
        await dialled.hang_up()
        await taken.ended()
        await self._line.fact("the call is over", "CallEnded", {"call": call})
        return incident

    async def _says(self, who: IncomingCall | OutgoingCall, name: str, text: str, other: Any) -> None:
        """Somebody says something, and the other one hears it."""
        self._line.act(f"{name}: {text}")
        who.play(self._voices[text])
        await other.hears_something(SPEECH_S)
        await who.finished_speaking()

    # The engine's death.

    async def _engine_dies(self) -> str:
        """Kill it while the duty lines ring; a second caller is answered all the same. Gives his call's id."""
        await self._line.fact("the first department acknowledges", "Acknowledged", {}, within_s=REACHED_S)
        process = holder(self._installation.state.run, Role.ENGINE)
        if process is None:
            raise NotSeen("the demo ends here: there is no engine that could be killed")
        self._line.act(f"the engine (process {process}) is killed, while duty lines ring; a second caller dials 110")
        os.kill(process, signal.SIGKILL)
        dialled = await self._trunk.dial("110", caller=SECOND_CALLER)
        ringing = asyncio.create_task(self._rung(dialled))
        await self._line.heard("the engine is back", lambda it: it["kind"] == "engine" and it["up"], ENGINE_S)
        await ringing
        arrived = await self._line.fact("the second call", "CallArrived", {}, personal={"caller": SECOND_CALLER})
        call: str = arrived["subjects"]["call"]
        await self._line.fact(
            "it was answered without an engine", "CallAnswered", {"call": call}, body={"by_net": True}
        )
        await self._line.fact("the second call is over", "CallEnded", {"call": call})
        return call

    async def _rung(self, dialled: OutgoingCall) -> None:
        """Whoever's telephone rings first answers, as in any room."""
        waiting = [asyncio.create_task(seat.incoming()) for seat in self._seats]
        done, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        taken = done.pop().result()
        await taken.ring()
        await dialled.ringing()
        await taken.answer()
        await dialled.answered()
        taken.play(self._voices[GREETING])
        await dialled.hears_something(SPEECH_S)
        self._line.act("the second caller hears a person all the same")
        await taken.finished_speaking()
        await dialled.hang_up()
        await taken.ended()

    # The departments.

    async def _reached(self, incident: str) -> tuple[str, ...]:
        """Every department acknowledges, each in its own way; gives the calls in which."""
        attempts = []
        for department in ORDERED:
            about = {"incident": incident, "department": department}
            await self._line.fact(f"{department} is ordered", "OrderIssued", about)
            told = await self._line.fact(
                f"{department} acknowledges", "Acknowledged", about, body={"how": "key"}, within_s=REACHED_S
            )
            attempts.append(told["subjects"]["attempt"])
        for what, department, name, body in HAPPENS:
            await self._line.fact(what, name, {"incident": incident, "department": department}, body=body)
        self._line.act("every department has acknowledged, and the engine's death has cost no call and no order")
        return tuple(attempts)

    async def _report(self, incident: str) -> None:
        """The fire brigade reports, first by telephone and then by radio, and the incident is closed."""
        orders = (await self._api.get(f"/api/v1/incidents/{incident}/orders"))["orders"]
        fire = next(each for each in orders if each["department"] == "fire")
        number = self._installation.telephony.feedback_number or ""
        self._line.act(f"the fire brigade dials {number} and keys in its order's code {fire['code']}, then 2: on scene")
        dialled = await self._trunk.dial(number, caller=FIRE_BRIGADE)
        await dialled.answered()
        await dialled.hears_something()
        await dialled.send_keys(fire["code"])
        await asyncio.sleep(BETWEEN_S)
        await dialled.hears_something()
        await dialled.send_keys("2")
        await self._reports(fire["id"], "on-scene")
        said = {"progress": "done", "words": "明火已扑灭，两人获救"}
        await self._api.act("dispatcher", "POST", f"/api/v1/orders/{fire['id']}/feedback", said)
        await self._reports(fire["id"], "done")
        await dialled.ended(SPEECH_S)
        version = (await self._api.get(f"/api/v1/incidents/{incident}"))["version"]
        said = {"version": version, "result": "handled", "words": "两人获救，无人死亡"}
        await self._api.act("dispatcher", "POST", f"/api/v1/incidents/{incident}/close", said)
        await self._line.fact("the incident is closed", "IncidentClearLogEvent", {"incident": incident})

    async def _reports(self, order: str, progress: str) -> None:
        about = {"order": order}
        await self._line.fact(f"the order is {progress}", "FeedbackGiven", about, body={"reported": progress})


def _told() -> Json:
    """What the call-taker has understood."""
    return {
        "type": "house-fire",
        "grade": "III",
        "place": PLACE,
        "spot": {"lat": LAT, "lon": LON, "radius_m": RADIUS_M, "source": "sip", "at": to_text(utc_now())},
        "trapped": 2,
        "flags": ["trapped", "children"],
        "hazards": ["fire", "smoke"],
        "summary": "五楼起火，浓烟，两人被困，其中有孩子。",
    }

"""What a telephone is told that is no seat's: a department's report, and what became of a caller's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatch.order import OrderState
from dispatch.wish import Feedback
from intake.edge.desk import NotGranted
from intake.incident import Incident
from intake.number import NumberForm
from liandong.phone_asked import PhoneAsked
from telephony.agi.question import PhoneKind, PhoneQuestion, Progress
from tests.incident_desk_room import FIRE, DeskRoom, desk_room

NUMBER = "13800000001"


@pytest.fixture
async def room(short_path: Path) -> AsyncIterator[DeskRoom]:
    async with desk_room(short_path) as living:
        yield living


@pytest.fixture
def phone(room: DeskRoom) -> PhoneAsked:
    return PhoneAsked(room.reader, NumberForm("0900"), room.notifier, room.clock)


def asks(kind: PhoneKind, *, number: str = NUMBER, code: str = "", progress: Progress | None = None) -> PhoneQuestion:
    return PhoneQuestion(kind, "c.9", "c.9", number, code, progress)


async def reported(room: DeskRoom, number: str = NUMBER) -> Incident:
    """An incident that somebody has reported, a draft."""
    call = f"call.{number}"
    return (await room.do("create", changes=FIRE, call=call, caller=number)).done.incident


async def test_a_code_is_known_as_long_as_its_order_is_under_way(room: DeskRoom, phone: PhoneAsked) -> None:
    incident = await room.submitted()
    code = room.orders(incident.id)[0].stored.order.code
    assert await phone.answer(asks(PhoneKind.CODE, code=code)) == "code-known"
    assert await phone.answer(asks(PhoneKind.CODE, code="9999")) == "code-unknown"


@pytest.mark.parametrize(
    ("progress", "state"),
    [
        (Progress.EN_ROUTE, OrderState.EN_ROUTE),
        (Progress.ON_SCENE, OrderState.ON_SCENE),
        (Progress.DONE, OrderState.DONE),
        (Progress.WORDS, None),
    ],
)
async def test_a_department_reports_by_key_and_is_found_by_its_call(
    room: DeskRoom, phone: PhoneAsked, progress: Progress, state: OrderState | None
) -> None:
    incident = await room.submitted()
    order = room.orders(incident.id)[0].stored.order
    assert await phone.answer(asks(PhoneKind.FEEDBACK, code=order.code, progress=progress)) == "feedback-noted"
    (wish,) = room.notifier.wishes
    assert isinstance(wish, Feedback)
    assert (wish.order, wish.progress, wish.by, wish.words) == (order.id, state, "phone", "")
    assert wish.feedback == f"c.9:{progress}", "the recording of the call is found by it"


async def test_what_cannot_be_written_down_is_not_said_to_be_noted(
    room: DeskRoom, phone: PhoneAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await room.submitted()
    code = room.orders(incident.id)[0].stored.order.code
    done = asks(PhoneKind.FEEDBACK, code=code, progress=Progress.DONE)
    for granted, word in (("order_cancelled", "feedback-refused"), ("not_ready", "away")):

        async def refuse(wish: object, granted: str = granted) -> None:
            raise NotGranted(granted, "because")

        monkeypatch.setattr(room.notifier, "wish", refuse)
        assert await phone.answer(done) == word
    unknown = asks(PhoneKind.FEEDBACK, code="9999", progress=Progress.DONE)
    assert await phone.answer(unknown) == "feedback-refused"


async def test_a_caller_hears_how_far_what_he_reported_is(room: DeskRoom, phone: PhoneAsked) -> None:
    ask = asks(PhoneKind.REPORT)
    assert await phone.answer(ask) == "report-none"
    incident = await reported(room)
    assert await phone.answer(ask) == "report-received"
    incident = (await room.do("submit", incident=incident.id, version=incident.version)).done.incident
    assert await phone.answer(ask) == "report-dispatched"
    assert await phone.answer(asks(PhoneKind.REPORT, number="+86 138 0000 0001")) == "report-dispatched"
    assert await phone.answer(asks(PhoneKind.REPORT, number="13900000002")) == "report-none"
    assert await phone.answer(asks(PhoneKind.REPORT, number="")) == "report-none"
    await room.do("close", incident=incident.id, version=incident.version, result="handled")
    assert await phone.answer(ask) == "report-done"
    room.clock.wind(3 * 86_400)
    assert await phone.answer(ask) == "report-none"


async def test_a_report_that_was_merged_is_as_far_as_the_one_in_which_it_goes_on(
    room: DeskRoom, phone: PhoneAsked
) -> None:
    mine, other = await reported(room), await room.submitted()
    await room.do("merge", incident=mine.id, version=mine.version, into=other.id)
    assert await phone.answer(asks(PhoneKind.REPORT)) == "report-dispatched"

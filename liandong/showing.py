"""Calls and seats of the desk as the console tells them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from console.state import AnsweredBy, CallState, Live, PersonName, SeatState, Tell
from dispatch.command import TellDispatcher
from intake import command
from intake.edge.now import CallNow, Change, SeatNow
from journal.instant import to_text
from liandong.about import about_fields, in_short, not_shown

log = logging.getLogger("engine")


def call_state(now: CallNow) -> CallState:
    """One call; without what is known of its caller, and with `not_shown` among its troubles, if that is no state."""
    try:
        return _call_state(now, about_fields(now.about))
    except Exception as error:  # noqa: BLE001 - what came with one call must not end the engine of all others
        log.error("what is known of who makes call %s cannot be shown: %s", now.view.id, in_short(error))
        return _call_state(now, not_shown(now.about, error))


def _call_state(now: CallNow, about: Mapping[str, Any]) -> CallState:
    view = now.view
    by = AnsweredBy.NET if now.by_net else AnsweredBy.ENGINE
    return CallState(
        id=view.id,
        stage=view.stage,
        called=now.called,
        caller=now.caller,
        service=view.need.service,
        language=view.need.language,
        priority=view.priority,
        arrived_at=to_text(now.arrived_at),
        answered_at=_moment(now.answered_at),
        answered=view.answered,
        by=by if view.answered else None,
        seat=view.seat,
        seats=view.seats,
        place=view.place,
        tries=view.tries,
        **about,
    )


def seat_state(now: SeatNow, numbers: Mapping[str, str]) -> SeatState:
    """One seat; `numbers` tells each seat's."""
    view, person = now.view, now.person
    return SeatState(
        id=view.id,
        number=numbers[view.id],
        line=view.line,
        presence=view.presence,
        person=view.person,
        person_name=None if person is None else PersonName(zh=person.name.zh, en=person.name.en),
        reason=view.reason,
        call=view.call,
        reachable=view.reachable,
        free=view.free,
        free_since=_moment(now.free_since),
    )


def live(change: Change, numbers: Mapping[str, str]) -> Live:
    """What has changed."""
    return Live(
        calls=tuple(call_state(call) for call in change.calls),
        seats=tuple(seat_state(seat, numbers) for seat in change.seats),
        gone=change.gone,
    )


def tell(wanted: command.Tell) -> Tell:
    """What a supervisor should look at."""
    return Tell(about=wanted.about, seat=wanted.seat, person=wanted.person, call=wanted.call)


def order_tell(wanted: TellDispatcher) -> Tell:
    """Of which order a dispatcher should know."""
    return Tell(
        about=f"order-{wanted.why.value}",
        order=wanted.order,
        incident=wanted.incident,
        department=wanted.department,
        times=wanted.times,
    )


def _moment(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)

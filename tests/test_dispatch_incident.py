"""How plans and orders see an incident record, and what is shown of an order."""

from datetime import datetime

from config.field import Language, Wording
from dispatch.attempt import AttemptState
from dispatch.incident import situation_of, words_of
from dispatch.notification import NotificationState
from dispatch.order import OrderState
from dispatch.outcome import Outcome
from dispatch.situation import Situation
from intake.incident.content import Content
from intake.incident.kind import EventClass, Grade
from intake.incident.settings import IncidentType, IncidentTypes
from tests.dispatch_room import DEADLINE_S, START, Room, order

AT = datetime(2026, 11, 25, 23, 15)
TYPES = IncidentTypes(
    types=(IncidentType(id="house-fire", name=Wording(zh="火灾", en="Fire"), event_class=EventClass.ACCIDENT),)
)
CONTENT = Content(
    type="house-fire",
    event_class=EventClass.ACCIDENT,
    grade=Grade.II,
    injured=0,
    trapped=2,
    involved=30,
    hazards=("smoke",),
    flags=("children",),
    areas=("qiming",),
    place="民安路12号",
    summary="三层冒烟",
)


def test_plans_see_the_facts_of_a_record_and_nothing_about_a_person() -> None:
    assert situation_of(CONTENT, "119", AT) == Situation(
        "house-fire",
        EventClass.ACCIDENT,
        Grade.II,
        frozenset({"qiming"}),
        AT,
        "119",
        frozenset({"children", "smoke", "trapped"}),
    )


def test_a_draft_of_which_nothing_is_known_meets_nothing() -> None:
    assert situation_of(Content(), "", AT) == Situation("", None, None, frozenset(), AT, "", frozenset())


def test_orders_say_the_words_of_a_record_in_their_language() -> None:
    words = words_of(CONTENT, "20261125-0001", TYPES, AT)
    said = words.values(Language.ZH, Wording(zh="消防", en="Fire brigade"), None)
    assert (said["type"], said["grade"], said["people"], said["time"]) == (
        "火灾",
        "二级",
        "被困2人，涉及30人。",
        "23:15",
    )
    said = words.values(Language.EN, Wording(zh="消防", en="Fire brigade"), Wording(zh="预案", en="Plan"))
    assert (said["people"], said["department"], said["plan"]) == ("2 trapped, 30 involved.", "Fire brigade", "Plan")


def test_words_of_a_record_without_type_or_people_are_left_to_the_text() -> None:
    words = words_of(Content(), "20261125-0001", TYPES, AT)
    assert (words.type, words.people) == (None, None)


# What is shown.


def test_an_order_is_shown_with_its_lines_its_deadline_and_what_it_waits_for() -> None:
    room = Room(order("fire", "1"), order("gas", "1"))
    room.rings("1")
    fire, gas = room.core.orders()
    assert (fire.state, fire.progress, fire.due, fire.waits) == (
        NotificationState.CALLING,
        OrderState.ISSUED,
        START + DEADLINE_S,
        (),
    )
    assert [(each.line, each.state, each.verdict) for each in fire.attempts] == [("1", AttemptState.RINGING, None)]
    assert (gas.waits, gas.attempts) == (("1",), ())
    room.answers("1", "1")
    seen = room.core.order("i1.fire.1")
    assert seen is not None
    assert (seen.due, seen.acknowledged_by) == (None, "i1.fire.1-1")
    assert seen.attempts[0].verdict is Outcome.ACKNOWLEDGED
    assert room.core.order("i9.fire.1") is None

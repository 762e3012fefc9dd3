"""What people key in at a telephone or ask by the API: checked, wished, answered with a word; and no PIN anywhere."""

from __future__ import annotations

import logging
from datetime import datetime

import pytest

from config.secret import Secret
from intake import wish
from intake.edge.desk import NotGranted
from intake.edge.door import SHUT_S, TRIES, Door
from intake.edge.reception import PHONE, Reception
from journal import Draft, Refusal
from telephony.agi.answer import Word, write_word
from telephony.agi.question import NO_PIN, Wish, WishKind
from tests.journal_places import START
from tests.test_edge_door import PINS, person

SEAT = "seat-01"
RIGHT, WRONG = PINS["zhang-wei"], Secret("408217")
REASONS = ("rest", "meal", "training", "paperwork")


class Office:
    """A reception, and all that it asks and writes."""

    def __init__(self) -> None:
        self.wishes: list[wish.Wish] = []
        self.written: list[Draft] = []
        self.refuses: NotGranted | None = None
        self.now = 100.0
        people = [person("zhang-wei", "1001"), person("li-na", "1002")]
        door = Door(people, PINS.__getitem__)
        self.reception = Reception(self, door, self, self, seats=(SEAT, "seat-02"), reasons=REASONS)

    async def wish(self, wanted: wish.Wish) -> None:
        self.wishes.append(wanted)
        if self.refuses is not None:
            raise self.refuses

    def witness(self, draft: Draft) -> Refusal | None:
        self.written.append(draft)
        return None

    def steady(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return START

    async def keyed(self, kind: WishKind, *, staff: str = "", pin: Secret = NO_PIN, reason: str = "") -> str:
        """What a telephone says to what was keyed in."""
        word = await self.reception.by_phone(Wish(kind, SEAT, "PJSIP/seat-01-1", staff, pin, reason))
        assert write_word(word) == word
        return word

    def wished(self) -> list[tuple[object, ...]]:
        """Kind, seat and the rest of every wish since this was last asked, without its name."""
        new, self.wishes = self.wishes, []
        assert len({each.wish for each in new}) == len(new)
        return [
            (type(each).__name__, *(getattr(each, name) for name in each.__slots__ if name != "wish")) for each in new
        ]


@pytest.fixture
def office() -> Office:
    return Office()


async def test_who_keys_in_number_and_pin_is_signed_in(office: Office) -> None:
    assert await office.keyed(WishKind.SIGN_IN, staff="1001", pin=RIGHT) == Word.SIGNED_IN
    assert office.wished() == [("SignIn", SEAT, "zhang-wei", PHONE)]
    assert office.written == []


async def test_the_other_codes_need_no_pin(office: Office) -> None:
    assert await office.keyed(WishKind.SIGN_OUT) == Word.SIGNED_OUT
    assert await office.keyed(WishKind.READY) == Word.READY
    assert await office.keyed(WishKind.PAUSE) == Word.PAUSED
    assert office.wished() == [("SignOut", SEAT, PHONE), ("Ready", SEAT, PHONE), ("Pause", SEAT, "rest", PHONE)]


@pytest.mark.parametrize(
    ("keyed", "reason"), [("", "rest"), ("1", "rest"), ("2", "meal"), ("4", "paperwork"), ("0002", "meal")]
)
async def test_the_reason_of_a_pause_is_keyed_in_by_its_number(office: Office, keyed: str, reason: str) -> None:
    assert await office.keyed(WishKind.PAUSE, reason=keyed) == Word.PAUSED
    assert office.wished() == [("Pause", SEAT, reason, PHONE)]


@pytest.mark.parametrize("keyed", ["0", "5", "9" * 20])
async def test_a_number_of_no_reason_is_none_of_the_centres(office: Office, keyed: str) -> None:
    office.refuses = NotGranted("no_such_reason", "")
    assert await office.keyed(WishKind.PAUSE, reason=keyed) == Word.NO_SUCH_REASON
    ((_, _, reason, _),) = office.wished()
    assert reason not in REASONS


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("seat_taken", Word.SEAT_TAKEN),
        ("signed_in_elsewhere", Word.ELSEWHERE),
        ("signed_in_already", Word.SIGNED_IN),
        ("not_signed_in", Word.NOT_SIGNED_IN),
        ("no_such_reason", Word.NO_SUCH_REASON),
        ("not_ready", Word.REFUSED),
        ("not_written_down", Word.REFUSED),
        ("under_way", Word.REFUSED),
        ("no_such_seat", Word.REFUSED),
        ("something new", Word.REFUSED),
    ],
)
async def test_a_telephone_says_why_something_is_not_granted(office: Office, code: str, word: Word) -> None:
    office.refuses = NotGranted(code, "because")
    assert await office.keyed(WishKind.SIGN_IN, staff="1001", pin=RIGHT) == word


async def test_a_wrong_pin_and_a_number_of_nobody_sound_the_same_and_both_are_written_down(office: Office) -> None:
    assert await office.keyed(WishKind.SIGN_IN, staff="1001", pin=WRONG) == Word.WRONG_PIN
    assert await office.keyed(WishKind.SIGN_IN, staff="9999", pin=WRONG) == Word.WRONG_PIN
    assert await office.keyed(WishKind.SIGN_IN) == Word.WRONG_PIN
    assert office.wished() == []
    assert [(draft.type, draft.subjects, draft.body) for draft in office.written] == [
        ("WrongPin", (("person", "zhang-wei"), ("seat", SEAT)), '{"entry":"wrong"}'),
        ("WrongPin", (("seat", SEAT),), '{"entry":"nobody"}'),
        ("WrongPin", (("seat", SEAT),), '{"entry":"nobody"}'),
    ]


async def test_after_some_guesses_the_telephone_says_locked_until_the_minute_is_over(office: Office) -> None:
    for _ in range(TRIES):
        assert await office.keyed(WishKind.SIGN_IN, staff="1001", pin=WRONG) == Word.WRONG_PIN
    assert await office.keyed(WishKind.SIGN_IN, staff="1001", pin=RIGHT) == Word.LOCKED
    assert office.written[-1].body == '{"entry":"shut"}'
    office.now += SHUT_S
    assert await office.keyed(WishKind.SIGN_IN, staff="1001", pin=RIGHT) == Word.SIGNED_IN
    assert office.wished() == [("SignIn", SEAT, "zhang-wei", PHONE)]


async def test_guesses_by_telephone_and_by_api_count_together(office: Office) -> None:
    for _ in range(TRIES - 1):
        await office.keyed(WishKind.SIGN_IN, staff="1001", pin=WRONG)
    for code in ("wrong_pin", "locked"):
        with pytest.raises(NotGranted) as refused:
            await office.reception.sign_in("seat-02", "zhang-wei", WRONG, by="api")
        assert refused.value.code == code


async def test_a_supervisor_signs_anybody_in_without_a_pin(office: Office) -> None:
    await office.reception.sign_in(SEAT, "li-na", None, by="supervisor")
    assert office.wished() == [("SignIn", SEAT, "li-na", "supervisor")]


async def test_what_the_api_asks_is_refused_with_the_desks_own_code(office: Office) -> None:
    office.refuses = NotGranted("no_such_seat", "there is no seat x")
    for asked in (
        office.reception.sign_in(SEAT, "li-na", None, by="supervisor"),
        office.reception.sign_out("x", by="supervisor"),
        office.reception.pause("x", "meal", by="supervisor"),
        office.reception.ready("x", by="supervisor"),
    ):
        with pytest.raises(NotGranted, match="there is no seat x") as refused:
            await asked
        assert refused.value.code == "no_such_seat"


async def test_no_pin_stands_in_a_fact_a_log_or_an_error(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    words: list[str] = []
    for pin in (WRONG, RIGHT, *[WRONG] * TRIES, RIGHT):
        asked = Wish(WishKind.SIGN_IN, SEAT, "PJSIP/seat-01-1", "1001", pin)
        words += [repr(asked), str(asked), await office.reception.by_phone(asked)]
        with pytest.raises(NotGranted) as refused:
            await office.reception.sign_in(SEAT, "1001", WRONG, by="api")
        words += [str(refused.value), repr(refused.value)]
    words += [caplog.text, repr(office.reception.__dict__), repr(office.wishes)]
    words += [text for draft in office.written for text in (draft.to_text(), repr(draft))]
    for secret in (RIGHT, WRONG):
        assert not any(secret.reveal() in said for said in words)


@pytest.mark.parametrize("seat", ["", "席", "x" * 200, "\ud800", "a b", "seat-99"])
async def test_no_pin_can_be_tried_at_what_is_no_seat(office: Office, seat: str) -> None:
    for pin in (*[WRONG] * TRIES, RIGHT, None):
        with pytest.raises(NotGranted) as refused:
            await office.reception.sign_in(seat, "zhang-wei", pin, by="api")
        assert refused.value.code == "no_such_seat"
    assert (office.written, office.wishes) == ([], [])
    await office.reception.sign_in(SEAT, "zhang-wei", RIGHT, by="api")


async def test_a_pin_that_is_no_text_is_a_wrong_one(office: Office) -> None:
    with pytest.raises(NotGranted) as refused:
        await office.reception.sign_in(SEAT, "zhang-wei", Secret("\ud800"), by="api")
    assert refused.value.code == "wrong_pin"

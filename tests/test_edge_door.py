"""Who is let in: by PIN, and never by guessing."""

from __future__ import annotations

import pytest

from config.secret import Secret
from intake.edge.door import SHUT_S, TRIES, Door, Entry
from intake.people import Person

PINS = {"zhang-wei": Secret("408216"), "li-na": Secret("771930")}
RIGHT, WRONG = PINS["zhang-wei"], Secret("408217")


def person(id: str, number: str) -> Person:
    return Person.model_validate({"id": id, "number": number, "name": {"zh": id, "en": id}, "skills": {"fire": 5}})


@pytest.fixture
def door() -> Door:
    return Door([person("zhang-wei", "1001"), person("li-na", "1002")], PINS.__getitem__)


def guess(door: Door, times: int, now: float, who: str = "1001") -> list[Entry]:
    return [door.knock(who, WRONG, now)[0] for _ in range(times)]


def test_a_person_comes_in_by_staff_number_or_by_id(door: Door) -> None:
    assert door.knock("1001", RIGHT, 0) == (Entry.OPEN, "zhang-wei")
    assert door.knock("zhang-wei", RIGHT, 0) == (Entry.OPEN, "zhang-wei")
    assert door.knock("1002", PINS["li-na"], 0) == (Entry.OPEN, "li-na")


@pytest.mark.parametrize("pin", ["408217", "", "40821", "4082160", "771930"])
def test_no_other_pin_opens_not_even_a_colleagues(door: Door, pin: str) -> None:
    assert door.knock("1001", Secret(pin), 0) == (Entry.WRONG, "zhang-wei")


def test_who_does_not_work_here_is_nobody_however_often_he_tries(door: Door) -> None:
    assert [door.knock("9999", WRONG, 0) for _ in range(TRIES + 2)] == [(Entry.NOBODY, "")] * (TRIES + 2)


def test_mistyping_is_forgiven_when_the_right_pin_comes(door: Door) -> None:
    for _ in range(3):
        assert guess(door, TRIES - 1, 0) == [Entry.WRONG] * (TRIES - 1)
        assert door.knock("1001", RIGHT, 0)[0] is Entry.OPEN


def test_after_some_guesses_the_door_is_shut_even_for_the_right_pin_and_opens_again_in_time(door: Door) -> None:
    assert guess(door, TRIES, 100.0) == [Entry.WRONG] * TRIES
    assert door.knock("1001", RIGHT, 100.0) == (Entry.SHUT, "zhang-wei")
    assert door.knock("zhang-wei", RIGHT, 100.0 + SHUT_S - 0.1)[0] is Entry.SHUT
    assert door.knock("1001", RIGHT, 100.0 + SHUT_S)[0] is Entry.OPEN


def test_who_knocks_at_a_shut_door_does_not_keep_it_shut(door: Door) -> None:
    guess(door, TRIES, 0.0)
    assert guess(door, 50, SHUT_S - 1) == [Entry.SHUT] * 50
    assert door.knock("1001", RIGHT, SHUT_S)[0] is Entry.OPEN


def test_a_guesser_gets_so_many_tries_a_minute_and_no_more(door: Door) -> None:
    tried = sum(each is Entry.WRONG for second in range(3600) for each in guess(door, 1, float(second)))
    assert tried <= 3600 / SHUT_S * TRIES


def test_one_persons_shut_door_is_nobody_elses(door: Door) -> None:
    guess(door, TRIES, 0.0)
    assert door.knock("1002", PINS["li-na"], 0.0)[0] is Entry.OPEN


def test_a_door_remembers_no_pin_that_anybody_could_read(door: Door) -> None:
    guess(door, TRIES, 0.0)
    shown = repr(door) + repr(door.__dict__)
    assert not any(secret.reveal() in shown for secret in (RIGHT, WRONG, PINS["li-na"]))

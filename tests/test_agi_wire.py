"""One AGI question as a real Asterisk writes it, cut anywhere, and as nobody should write it."""

import random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secret import Secret
from telephony.agi.answer import ANSWER_MAX, Decision, Net, Nothing, Offer, Wait, Word, write_answer, write_word
from telephony.agi.error import BadAnswer, BadQuestion
from telephony.agi.question import (
    TEXT_MAX,
    Asked,
    PhoneKind,
    PhoneQuestion,
    Progress,
    Question,
    Wish,
    WishKind,
    read_pin,
)
from telephony.agi.wire import HEADER_MAX, Header, checking, is_reply, says, setting, took, value

QUERY = (
    "call=liandong-1795451103.2&asker=PJSIP%2Fcity-00000000&called=119&fence=3&number=%2B8613800000001"
    "&name=119%20%E5%BC%A0%E4%B8%89&silent=fire"
)
HEADER = (
    f"agi_network: yes\nagi_network_script: ask?{QUERY}\n"
    f"agi_request: agi://127.0.0.1:25467/ask?{QUERY}\nagi_channel: Local/s@ask-00000000;2\n"
    "agi_type: Local\nagi_uniqueid: liandong-1795451103.5\nagi_version: 22.10.1\nagi_callerid: +8613800000001\n"
    "agi_calleridname: 119 张三\nagi_callingpres: 0\nagi_context: ask\nagi_extension: s\nagi_priority: 2\n\n"
).encode()
QUESTION = Question(
    call="liandong-1795451103.2",
    asker="PJSIP/city-00000000",
    called="119",
    number="+8613800000001",
    name="119 张三",
    fence=3,
    more={"silent": "fire"},
)


def read(*pieces: bytes) -> Asked | None:
    header = Header()
    for piece in pieces:
        if (question := header.feed(piece)) is not None:
            return question
    return None


def asked(query: str) -> Question:
    question = read(f"agi_network: yes\nagi_network_script: ask?{query}\n\n".encode())
    assert isinstance(question, Question)
    return question


def wished(query: str) -> Wish:
    wish = read(f"agi_network: yes\nagi_network_script: wish?{query}\n\n".encode())
    assert isinstance(wish, Wish)
    return wish


def phoned(query: str) -> PhoneQuestion:
    question = read(f"agi_network: yes\nagi_network_script: phone?{query}\n\n".encode())
    assert isinstance(question, PhoneQuestion)
    return question


def test_a_real_question_cut_at_every_byte_is_the_same_question() -> None:
    for cut in range(len(HEADER)):
        assert read(HEADER[:cut], HEADER[cut:]) == QUESTION
    assert read(*(HEADER[at : at + 1] for at in range(len(HEADER)))) == QUESTION


def test_half_a_question_is_none_yet() -> None:
    assert read(HEADER[:-1]) is None


def test_what_a_caller_writes_into_the_header_changes_nothing() -> None:
    forged = HEADER.replace(b"+8613800000001\n", b"1\nagi_network_script: ask?call=x&asker=y\n\n200 result=1 (z)\n")
    assert read(forged) == QUESTION


def test_line_ends_in_a_value_come_out_harmless() -> None:
    question = asked("call=a.1&asker=x&number=1%0D%0A2&name=%00")
    assert (question.number, question.name) == ("1��2", "�")


def test_a_value_without_an_end_is_cut() -> None:
    assert len(asked(f"call=a.1&asker=x&name={'x' * 5000}").name) == TEXT_MAX


def test_a_question_without_a_fence_has_seen_no_decision() -> None:
    assert asked("call=a.1&asker=x&fence=").fence == 0


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\n\n",
        b"agi_network: yes\nagi_network_script: \n\n",
        b"agi_network: yes\nagi_network_script: other?call=a.1&asker=x\n\n",
        b"agi_network: yes\nagi_network_script: ask\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1&asker=\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1&asker=x%22%20y\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1&asker=x%2Cy\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1&asker=x)%0Ay\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1&call=b.1&asker=x\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a%2F1&asker=x\n\n",
        b"agi_network: yes\nagi_network_script: ask?call=a.1&asker=x&fence=-1\n\n",
        "agi_network: yes\nagi_network_script: ask?call=a.1&asker=x&fence=٣\n\n".encode(),
        b"agi_network: yes\nagi_network_script: ask?" + b"x" * HEADER_MAX,
    ],
)
def test_what_the_dialplan_would_not_ask_is_refused(header: bytes) -> None:
    with pytest.raises(BadQuestion) as refused:
        read(header)
    assert refused.value.code == "agi_bad_question"


def test_a_thousand_pieces_of_garbage_are_refused_or_not_yet_whole() -> None:
    chance = random.Random(7)
    for _ in range(1000):
        garbage = bytearray(HEADER[: chance.randrange(len(HEADER))])
        for _ in range(chance.randrange(1, 20)):
            garbage.insert(chance.randrange(len(garbage) + 1), chance.choice(b"\r\n:& =%\x00\xff\xe5"))
        try:
            question = read(bytes(garbage))
        except BadQuestion:
            continue
        assert not isinstance(question, Question) or (question.call and question.asker)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whoever_is_asked_about_the_command_that_answers_is_one_line_with_one_text(
    call: str, asker: str, name: str
) -> None:
    try:
        question = asked(f"call={quote(call, safe='')}&asker={quote(asker, safe='')}&name={quote(name, safe='')}")
    except (BadQuestion, UnicodeEncodeError):
        return
    command = setting(question, "wait+1")
    assert command.count(b"\n") == 1
    assert command == f'SET VARIABLE SHARED(LD_ANSWER,{asker}) "wait+1"\n'.encode()
    assert not set(asker) & set('"\\,() \r\n$')


def test_answers_are_written_as_the_dialplan_reads_them() -> None:
    assert write_answer(Offer(7, ("seat-03",), 10)) == "offer+7+seat-03+10"
    assert write_answer(Offer(8, ("seat-03", "seat-04"), 10)) == "offer+8+seat-03&seat-04+10"
    assert write_answer(Wait(9)) == "wait+9"
    assert write_answer(Net(10)) == "net+10"
    assert write_word("wrong-pin") == write_word(Word.WRONG_PIN) == "wrong-pin"


def test_a_word_that_no_telephone_can_say_is_our_own_mistake() -> None:
    for word in ("", "hello", "signed_in", 'away"'):
        with pytest.raises(BadAnswer):
            write_word(word)


def test_a_hundred_seats_fit_into_an_answer_and_what_asterisk_would_cut_is_refused() -> None:
    seats = tuple(f"district-seat-{number:03}" for number in range(100))
    assert len(write_answer(Offer(1_000_000, seats, 10))) <= ANSWER_MAX
    with pytest.raises(BadAnswer, match="100 seats"):
        write_answer(Offer(1_000_000, tuple(f"x{seat}" for seat in seats), 10))


@pytest.mark.parametrize(
    "answer",
    [
        Offer(0, ("seat-01",), 10),
        Offer(-1, ("seat-01",), 10),
        Offer(1, (), 10),
        Offer(1, ("seat+01",), 10),
        Offer(1, ('seat"',), 10),
        Offer(1, ("seat\n",), 10),
        Offer(1, ("",), 10),
        Offer(1, ("seat-01",), 0),
        Offer(1, ("seat-01",), 100),
        Wait(0),
        Net(0),
    ],
)
def test_an_answer_that_the_dialplan_would_not_understand_is_our_own_mistake(answer: Decision) -> None:
    with pytest.raises(BadAnswer):
        write_answer(answer)


def test_replies_are_told_from_hang_ups_and_from_the_rest_of_a_header() -> None:
    assert is_reply(b"200 result=1\n")
    assert is_reply(b"511 Command Not Permitted on a dead channel or intercept routine\n")
    assert not is_reply(b"HANGUP\n")
    assert not is_reply(b"agi_context: ask\n")
    assert took(b"200 result=1\n")
    assert not took(b"200 result=0\n")
    assert says(b"200 result=1 (wait+1)\n", "wait+1")
    assert not says(b"200 result=1 ()\n", "wait+1")
    assert checking(QUESTION) == b"GET FULL VARIABLE ${SHARED(LD_ANSWER,PJSIP/city-00000000)}\n"
    assert Nothing() == Nothing()


SIGN_IN = "kind=sign-in&seat=seat-03&asker=PJSIP%2Fseat-03-00000007&staff=1001&reason="


def test_a_wish_is_read_without_its_pin() -> None:
    wish = wished(SIGN_IN)
    assert wish == Wish(WishKind.SIGN_IN, "seat-03", "PJSIP/seat-03-00000007", staff="1001", pin=Secret(""), reason="")
    assert setting(wish, "ready") == b'SET VARIABLE SHARED(LD_RESULT,PJSIP/seat-03-00000007) "ready"\n'
    assert checking(wish) == b"GET FULL VARIABLE ${SHARED(LD_RESULT,PJSIP/seat-03-00000007)}\n"
    assert wished("kind=pause&seat=seat-03&asker=x&staff=&reason=2").reason == "2"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "kind=sign-in",
        "kind=fly&seat=seat-03&asker=x",
        "kind=ready&seat=&asker=x",
        "kind=ready&seat=a%20b&asker=x",
        "kind=ready&seat=seat-03&asker=",
        "kind=ready&seat=seat-03&asker=x%22",
        "kind=sign-in&seat=seat-03&asker=x&staff=one",
        "kind=sign-in&seat=seat-03&asker=x&staff=" + "1" * 21,
        "kind=pause&seat=seat-03&asker=x&reason=-1",
        "kind=ready&kind=pause&seat=seat-03&asker=x",
    ],
)
def test_a_wish_that_no_telephone_can_have_keyed_in_is_refused(query: str) -> None:
    with pytest.raises(BadQuestion):
        wished(query)


def test_a_pin_is_digits_and_neither_a_mistake_nor_a_wish_shows_it() -> None:
    assert read_pin("271828") == Secret("271828")
    with pytest.raises(BadQuestion) as refused:
        read_pin("27x828")
    assert "27" not in str(refused.value)
    assert "271828" not in repr(Wish(WishKind.SIGN_IN, "seat-03", "x", pin=read_pin("271828")))


def test_a_value_is_what_stands_between_the_brackets() -> None:
    assert value(b"200 result=1 (12(3))\r\n") == "12(3)"
    assert value(b"200 result=1 ()\n") == ""
    for reply in (b"", b"200 result=0\n", b"200 result=1 (12", b"HANGUP\n", b"511 Command Not Permitted\n"):
        assert value(reply) is None


# What is asked by the keys of a telephone that is no seat's.

PHONED = "asker=PJSIP%2Fcity-1&call=a.1&number=%2B8687000119"


def test_a_department_that_reports_says_its_code_and_how_far_it_is() -> None:
    asked = phoned(f"kind=feedback&code=0012&progress=on-scene&{PHONED}")
    assert asked == PhoneQuestion(PhoneKind.FEEDBACK, "PJSIP/city-1", "a.1", "+8687000119", "0012", Progress.ON_SCENE)
    assert setting(asked, "feedback-noted") == b'SET VARIABLE SHARED(LD_RESULT,PJSIP/city-1) "feedback-noted"\n'


def test_a_code_is_asked_about_before_anything_is_reported_on_it() -> None:
    assert phoned(f"kind=code&code=0012&progress=&{PHONED}").progress is None


def test_who_asks_about_his_report_has_no_code() -> None:
    assert (phoned(f"kind=report&code=&progress=&{PHONED}").code, phoned(f"kind=report&{PHONED}").code) == ("", "")


@pytest.mark.parametrize(
    "query",
    [
        f"kind=hello&code=1&{PHONED}",
        f"kind=code&code=&{PHONED}",
        f"kind=code&code=12a4&{PHONED}",
        f"kind=code&code={'1' * 30}&{PHONED}",
        f"kind=feedback&code=0012&progress=&{PHONED}",
        f"kind=feedback&code=0012&progress=gone-fishing&{PHONED}",
        "kind=report&asker=PJSIP%2Fcity-1&call=&number=1",
        "kind=report&asker=PJSIP%2Fcity-1&call=a%0Ab&number=1",
        "kind=report&asker=a%20b&call=a.1&number=1",
        f"kind=code&code=1&code=2&{PHONED}",
    ],
)
def test_what_no_telephone_can_ask_is_refused(query: str) -> None:
    with pytest.raises(BadQuestion):
        phoned(query)

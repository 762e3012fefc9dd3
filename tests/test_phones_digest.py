"""Digest authentication, against the examples that the RFCs print."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.digest import Challenge, Credentials, answer, choose
from phones.errors import DamagedMessage

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MUFASA = Credentials("Mufasa", "Circle of Life")
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_are_answered_as_printed(algorithm: str, response: str) -> None:
    challenge = Challenge.parse(RFC_7616.format(algorithm))
    given_answer = answer(challenge, MUFASA, "GET", "/dir/index.html", CNONCE)
    assert f'response="{response}"' in given_answer
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in given_answer
    assert "qop=auth," in given_answer
    assert "nc=00000001" in given_answer


def test_the_example_of_rfc_2617_is_answered_as_printed() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    who = Credentials("Mufasa", "Circle Of Life")
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer(challenge, who, "GET", "/dir/index.html", "0a4f113b")


def test_a_server_without_qop_gets_the_old_answer_without_a_client_nonce() -> None:
    challenge = Challenge.parse('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    text = answer(challenge, Credentials("Mufasa", "CircleOfLife"), "GET", "/dir/index.html", "unused")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in text
    assert "cnonce" not in text and "qop" not in text


def test_the_first_challenge_that_is_understood_is_chosen() -> None:
    unknown = RFC_7616.format("SHA-512-256")
    chosen = choose(["Basic realm=x", "Digest broken", unknown, RFC_7616.format("SHA-256"), RFC_7616.format("MD5")])
    assert chosen is not None and chosen.algorithm == "SHA-256"
    assert choose([unknown]) is None


def test_a_challenge_that_offers_only_auth_int_is_not_answered() -> None:
    challenge = replace(Challenge.parse(RFC_7616.format("MD5")), qop=frozenset({"auth-int"}))
    assert not challenge.understood
    with pytest.raises(ValueError, match="auth-int"):
        answer(challenge, MUFASA, "GET", "/", CNONCE)


def test_a_quote_in_a_realm_survives_both_ways() -> None:
    challenge = Challenge.parse(r'Digest realm="the \"city\"", nonce="n", stale=TRUE')
    assert challenge.realm == 'the "city"' and challenge.stale
    assert r'realm="the \"city\""' in answer(challenge, MUFASA, "GET", "/", "c")


@given(st.text(max_size=200))
def test_no_text_raises_anything_but_damaged_message(text: str) -> None:
    for header in (text, f"Digest {text}", f'Digest realm="r", nonce="n", {text}'):
        try:
            Challenge.parse(header)
        except DamagedMessage as fault:
            assert fault.code == "damaged-message"

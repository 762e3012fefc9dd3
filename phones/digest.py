"""Digest access authentication, the client's side: RFC 7616 and RFC 2617, as SIP uses it (RFC 8760).

Pure. A server may send several challenges in the order of its preference; the first one that is understood
is answered (RFC 8760 section 2.4). Parsed here and not by sipmessage, which splits at the comma inside a quoted
`qop="auth,auth-int"` and would quote `qop` in the answer.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from phones.errors import DamagedMessage

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_PARAMETER = re.compile(r'\s*([A-Za-z0-9_.!%*+`\'~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')


@dataclass(frozen=True)
class Challenge:
    """One `WWW-Authenticate` or `Proxy-Authenticate` header.

    `algorithm` is the name without `-sess`; `qop` is the set that the server offers, empty when it offers none;
    `stale` says that only the nonce was too old.
    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    session: bool = False
    qop: frozenset[str] = frozenset()
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> "Challenge":
        """Read a header's value.

        Raises `DamagedMessage` when it is no digest challenge or has no realm or nonce.
        """
        scheme, _, rest = text.strip().partition(" ")
        if scheme.lower() != "digest":
            raise DamagedMessage(f"not a digest challenge: {scheme[:20]!r}")
        values: dict[str, str] = {}
        at = 0
        while at < len(rest):
            found = _PARAMETER.match(rest, at)
            if found is None:
                raise DamagedMessage(f"a damaged challenge near {rest[at : at + 20]!r}")
            quoted = found[2]
            values[found[1].lower()] = found[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            at = found.end()
        if "realm" not in values or "nonce" not in values:
            raise DamagedMessage("a challenge without realm or nonce")
        algorithm = values.get("algorithm", "MD5").upper()
        return cls(
            realm=values["realm"],
            nonce=values["nonce"],
            algorithm=algorithm.removesuffix("-SESS"),
            session=algorithm.endswith("-SESS"),
            qop=frozenset(word.strip().lower() for word in values.get("qop", "").split(",") if word.strip()),
            opaque=values.get("opaque"),
            stale=values.get("stale", "").lower() == "true",
        )

    @property
    def understood(self) -> bool:
        """Whether `answer` can answer it."""
        return _HASHES.get(self.algorithm) is not None and (not self.qop or "auth" in self.qop)


def choose(headers: Iterable[str]) -> Challenge | None:
    """Return the first challenge that is understood, or None. Damaged ones are passed over."""
    for text in headers:
        try:
            challenge = Challenge.parse(text)
        except DamagedMessage:
            continue
        if challenge.understood:
            return challenge
    return None


@dataclass(frozen=True)
class Credentials:
    """A user and a secret."""

    user: str
    secret: str


def answer(challenge: Challenge, who: Credentials, method: str, uri: str, cnonce: str, count: int = 1) -> str:
    """Return the value of an `Authorization` header.

    `uri` is the Request-URI exactly as sent; `cnonce` is the client's random text; `count` is how many
    requests have used this nonce, this one included. Raises `ValueError` when the challenge is not understood.
    """
    make = _HASHES.get(challenge.algorithm)
    if make is None or not challenge.understood:
        raise ValueError(f"cannot answer {challenge.algorithm} with qop {sorted(challenge.qop)}")

    def digest(*parts: str) -> str:
        return make(":".join(parts).encode()).hexdigest()

    first = digest(who.user, challenge.realm, who.secret)
    if challenge.session:
        first = digest(first, challenge.nonce, cnonce)
    second = digest(method, uri)
    nc = f"{count:08x}"
    fields = [
        f'username="{_escape(who.user)}"',
        f'realm="{_escape(challenge.realm)}"',
        f'nonce="{_escape(challenge.nonce)}"',
        f'uri="{uri}"',
    ]
    if challenge.qop:
        fields += [
            f'response="{digest(first, challenge.nonce, nc, cnonce, "auth", second)}"',
            f'cnonce="{cnonce}"',
            f"nc={nc}",
            "qop=auth",
        ]
    else:
        fields.append(f'response="{digest(first, challenge.nonce, second)}"')
        if challenge.session:
            fields.append(f'cnonce="{cnonce}"')
    fields.append(f"algorithm={challenge.algorithm}{'-sess' if challenge.session else ''}")
    if challenge.opaque is not None:
        fields.append(f'opaque="{_escape(challenge.opaque)}"')
    return "Digest " + ", ".join(fields)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

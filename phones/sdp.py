"""Session descriptions (RFC 8866) for one audio stream, offered and answered as RFC 3264 says. Pure."""

from dataclasses import dataclass, replace
from enum import Enum

from phones.errors import DamagedMessage
from phones.g711 import Codec
from phones.message import is_address

KEYS_TYPE = 101  # the payload type that nearly everybody offers for telephone-event

_KEYS_NAME = "telephone-event/8000"


class Direction(Enum):
    """Which way the sound goes, as the describing side sees it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the describing side sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the describing side wants to hear."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @staticmethod
    def of(sends: bool, receives: bool) -> "Direction":
        """Return the direction of these two."""
        if sends:
            return Direction.SENDRECV if receives else Direction.SENDONLY
        return Direction.RECVONLY if receives else Direction.INACTIVE


@dataclass(frozen=True)
class Description:
    """One side's view of a call's sound.

    `codecs` stand in the order of preference; `keys_type` is the payload type of telephone-event, or None; `port` 0
    means that the stream is refused; `others` are media lines (video) that came with an offer and must be answered.
    """

    host: str
    port: int
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    keys_type: int | None = KEYS_TYPE
    direction: Direction = Direction.SENDRECV
    session: int = 1
    version: int = 1
    others: tuple[str, ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> "Description":
        """Read an SDP body. Raises `DamagedMessage` when there is no audio line to be understood."""
        try:
            lines = body.decode("utf-8").replace("\r\n", "\n").split("\n")
            return cls._read([line for line in lines if line[1:2] == "="])
        except (ValueError, IndexError) as fault:
            raise DamagedMessage(f"a damaged session description: {fault}") from fault

    @classmethod
    def _read(cls, lines: list[str]) -> "Description":
        host = ""
        direction = Direction.SENDRECV
        audio: list[str] | None = None
        inside = True  # lines of the session's own part, or of the audio part
        names: dict[int, str] = {}
        others: list[str] = []
        session = version = 0
        for line in lines:
            kind, value = line[0], line[2:].strip()
            if kind == "m":
                inside = value.startswith("audio ") and audio is None
                if inside:
                    audio = value.split()
                else:
                    others.append(value)
            elif not inside:
                continue
            elif kind == "o":
                session, version = (int(word) for word in value.split()[1:3])
            elif kind == "c":
                host = value.split()[2].split("/")[0]
            elif kind == "a" and value in {one.value for one in Direction}:
                direction = Direction(value)
            elif kind == "a" and value.startswith("rtpmap:"):
                number, name = value.removeprefix("rtpmap:").split(None, 1)
                names[int(number)] = name.lower()
        if audio is None:
            raise ValueError("no audio")
        port = int(audio[1].split("/")[0])
        types = [int(word) for word in audio[3:]]
        if not 0 <= port <= 65535 or not is_address(host):
            raise ValueError("no address")
        if not all(0 <= number <= 127 for number in types) or any(len(line.split()) < 3 for line in others):
            raise ValueError("a damaged media line")
        keys = next((number for number in types if names.get(number) == _KEYS_NAME), None)
        codecs = tuple(Codec(number) for number in types if number in (Codec.PCMU.value, Codec.PCMA.value))
        return cls(host, port, codecs, keys, direction, session, version, tuple(others))

    def __str__(self) -> str:
        types = [str(codec.value) for codec in self.codecs]
        maps = [f"a=rtpmap:{codec.value} {codec.name}/8000" for codec in self.codecs]
        if self.keys_type is not None:
            types.append(str(self.keys_type))
            maps += [f"a=rtpmap:{self.keys_type} {_KEYS_NAME}", f"a=fmtp:{self.keys_type} 0-16"]
        refused = ["m=" + " ".join([kind, "0", *rest]) for kind, _, *rest in (line.split() for line in self.others)]
        lines = [
            "v=0",
            f"o=- {self.session} {self.version} IN IP4 {self.host}",
            "s=-",
            f"c=IN IP4 {self.host}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {' '.join(types)}",
            *maps,
            "a=ptime:20",
            f"a={self.direction.value}",
            *refused,
        ]
        return "\r\n".join(lines) + "\r\n"

    def __bytes__(self) -> bytes:
        return str(self).encode()

    def answer(self, offer: "Description") -> "Description | None":
        """Return this side's answer to an offer, or None when no codec is common.

        The offerer's order of codecs is kept (RFC 3264 section 6.1); a direction is narrowed, never widened.
        """
        codecs = tuple(codec for codec in offer.codecs if codec in self.codecs)
        if not codecs or not offer.port:
            return None
        direction = Direction.of(
            self.direction.sends and offer.direction.receives,
            self.direction.receives and offer.direction.sends,
        )
        keys = offer.keys_type if self.keys_type is not None else None
        return replace(self, codecs=codecs, keys_type=keys, direction=direction, others=offer.others)

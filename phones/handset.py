"""What a call needs of the telephone that it is made on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import Address, Request, Response

from phones.digest import Credentials, answer, choose
from phones.g711 import Codec
from phones.history import Oddity
from phones.line import Line
from phones.message import put, token
from phones.transaction import Timers

_CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(frozen=True)
class Handset:
    """The telephone, as its calls see it.

    `first_sequence` is the RTP sequence number with which each call begins, None for a random one.
    """

    line: Line
    contact: Address
    credentials: Credentials
    codecs: tuple[Codec, ...]
    first_sequence: int | None
    timers: Timers
    surprise: Callable[[Oddity, str], None]

    @property
    def host(self) -> str:
        """Our address."""
        return self.line.address[0]

    def authorize(self, request: Request, refusal: Response) -> bool:
        """Answer the challenge of a 401 or 407 in the next request; False when it cannot be answered."""
        names = _CHALLENGES.get(refusal.code)
        challenge = choose(refusal.headers.getlist(names[0])) if names else None
        if names is None or challenge is None:
            return False
        put(request, names[1], answer(challenge, self.credentials, request.method, str(request.uri), token()))
        return True

    async def ask(self, build: Callable[[], Request], to: tuple[str, int]) -> Response | None:
        """Send a request, answer a challenge to it once, and return the final response, or None when none came.

        `build` makes the request, each time with the next number. Not for INVITE, which needs its ACK.
        """
        request = build()
        response = await self._final(request, to)
        if response is not None and response.code in _CHALLENGES:
            again = build()
            if self.authorize(again, response):
                response = await self._final(again, to)
        return response

    async def _final(self, request: Request, to: tuple[str, int]) -> Response | None:
        final: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()

        def take(response: Response | None) -> None:
            if (response is None or response.code >= 200) and not final.done():
                final.set_result(response)

        self.line.ask(request, to, take)
        return await final

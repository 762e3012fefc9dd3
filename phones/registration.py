"""A telephone's registration (RFC 3261 section 10): made, kept fresh, and taken back."""

import asyncio
from dataclasses import replace

from sipmessage import Request

from phones.dialog import Dialog
from phones.errors import RegistrationRefused
from phones.handset import Handset
from phones.history import Oddity
from phones.message import finish, put


class Registration:
    """The binding of our address at the server; it is refreshed at half of its time.

    `valid` tells whether the last REGISTER was accepted.
    """

    def __init__(self, handset: Handset, dialog: Dialog, expires_s: int) -> None:
        self._handset = handset
        self._dialog = dialog
        self._dialog.remote = replace(dialog.local, parameters=dialog.remote.parameters)  # To is ourselves, untagged
        self._expires_s = expires_s
        self._loop = asyncio.get_running_loop()
        self._refresh: asyncio.TimerHandle | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self.valid = False

    async def begin(self) -> int:
        """Register and return how many seconds were granted. Raises `RegistrationRefused`."""
        granted = await self._send(self._expires_s)
        self.valid = True
        if self._refresh is not None:
            self._refresh.cancel()
        self._refresh = self._loop.call_later(max(1.0, granted / 2), self._begin_refresh)
        return granted

    async def end(self) -> None:
        """Unregister. Raises `RegistrationRefused`."""
        self.forget()
        await self._send(0)

    def forget(self) -> None:
        """Let it run out; also a refresh that is on its way, as its answer would bring it back."""
        self.valid = False
        if self._refresh is not None:
            self._refresh.cancel()
        if self._refreshing is not None:
            self._refreshing.cancel()

    def _begin_refresh(self) -> None:
        self._refreshing = self._loop.create_task(self._begin_again())

    async def _begin_again(self) -> None:
        try:
            await self.begin()
        except RegistrationRefused as fault:
            self.valid = False
            self._handset.surprise(Oddity.REFUSED_REQUEST, str(fault))

    async def _send(self, expires_s: int) -> int:
        def build() -> Request:
            request = self._dialog.request("REGISTER")
            put(request, "Expires", str(expires_s))
            finish(request)
            return request

        response = await self._handset.ask(build, self._dialog.peer)
        if response is None or response.code >= 300:
            user, (host, port) = self._dialog.local.uri.user, self._dialog.peer
            status = None if response is None else response.code
            raise RegistrationRefused(f"{user} cannot register at {host}:{port}: {status}", status)
        ours = self._dialog.contact.uri
        for contact in response.contact:
            if (contact.uri.host, contact.uri.port) == (ours.host, ours.port) and contact.parameters.get("expires"):
                return int(contact.parameters["expires"] or 0)
        return expires_s if response.expires is None else response.expires

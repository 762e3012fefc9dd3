"""Secrets: a text that no log, repr or error shows, and the folder that keeps the generated ones.

Rules of the folder: it is its owner's alone (0700), and so is every file (0600); a secret is made once and
never overwritten; two processes that make the same one at the same moment end with one value.
"""

from __future__ import annotations

import errno
import hmac
import os
import re
import secrets
import stat
import string
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from config.state import StateError, flush_folder, state_error, write_new

ALPHABET = string.ascii_letters + string.digits
"""Nothing that Asterisk's configuration, a URL or a shell would take for more than a letter."""
LENGTH = 32
"""190 bits of chance with `ALPHABET`: beyond guessing."""

_FILE_NAME = re.compile(r"[a-z](?:[-_.]?[a-z0-9]){0,60}")
_MAX_BYTES = 4096


class Secret:
    """A text that is shown only where `reveal()` asks for it.

    `repr` and `str` give `Secret(…)`. As a field of a `Part` it takes text that is not empty.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    @property
    def _bytes(self) -> bytes:
        return self._text.encode("utf-8", "surrogatepass")  # a guess may be no text at all

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other._bytes)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Text in, Secret out; dumped as what `repr` shows."""
        made = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True, min_length=1))
        return core_schema.json_or_python_schema(
            json_schema=made,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), made]),
            serialization=core_schema.to_string_ser_schema(),
        )


class Secrets:
    """The folder of generated secrets (`State.secrets`): one a file, named for what it opens, as `ami`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_or_make(self, name: str, *, length: int = LENGTH, alphabet: str = ALPHABET) -> Secret:
        """The secret of this name; made of `length` random characters of `alphabet` if it is not there yet.

        Raises StateError: `secret_unsafe` when others could read or own it, `secret_broken` when the file holds
        no secret, and what writing may raise.
        """
        path = self._path(name)
        try:
            return self.get(name)
        except StateError as error:
            if error.code != "secret_missing":
                raise
        self._make(path, "".join(secrets.choice(alphabet) for _ in range(length)))
        return self.get(name)

    def get(self, name: str) -> Secret:
        """The secret of this name; raises StateError like `get_or_make`, and `secret_missing`."""
        path = self._path(name)
        try:
            data = self._read(path)
        except FileNotFoundError as error:
            raise StateError("secret_missing", f"{path}: there is no such secret; set-up makes it") from error
        except StateError:
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise StateError("secret_unsafe", f"{path}: this is a link, not a file") from error
            raise state_error(error, path) from error
        # An operator who puts an own secret there ends it with a line end, as editors do.
        text = data.decode("utf-8", "replace").removesuffix("\n")
        if not text or len(data) > _MAX_BYTES or not text.isprintable() or "\ufffd" in text:
            raise StateError("secret_broken", f"{path}: holds no secret (one line of text); remove it to make one")
        return Secret(text)

    def _read(self, path: Path) -> bytes:
        self._refuse_unsafe(self._folder, self._folder.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise StateError("secret_broken", f"{path}: this is not a file")
            self._refuse_unsafe(path, status)
            return os.read(descriptor, _MAX_BYTES + 1)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        if not _FILE_NAME.fullmatch(name):
            raise StateError("secret_name", f"{name!r} is no name of a secret")
        return self._folder / name

    def _make(self, path: Path, text: str) -> None:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            write_new(temporary, text.encode(), 0o600)
            try:
                # Unlike a rename, a link never replaces what another process put there a moment ago.
                os.link(temporary, path)
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
            flush_folder(self._folder)
        except OSError as error:
            raise state_error(error, path) from error

    def _refuse_unsafe(self, path: Path, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():
            raise StateError("secret_unsafe", f"{path}: belongs to user {status.st_uid}, not to {os.geteuid()}")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            right = "700" if stat.S_ISDIR(status.st_mode) else "600"
            raise StateError("secret_unsafe", f"{path}: mode {mode:03o} lets others in; chmod {right} it")

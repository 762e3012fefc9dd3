"""The key that signs heads: Ed25519, in a file of its owner's alone, outside the database.

`PATH` holds the private key (PKCS 8 in PEM, 0600), `PATH.pub` the public one. Who verifies needs only the second, and
should keep a copy of it elsewhere: who can replace both, and the heads file, can forge a whole journal.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from journal.error import BadKey

_MAX_BYTES = 4096


class PublicKey:
    """Verifies heads."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.name = key_name(key)

    @classmethod
    def load(cls, path: Path) -> PublicKey:
        """The public key in a file. Raises BadKey, OSError."""
        try:
            key = load_pem_public_key(path.read_bytes()[:_MAX_BYTES])
        except ValueError as error:
            raise BadKey(f"{path}: holds no public key in PEM") from error
        if not isinstance(key, Ed25519PublicKey):
            raise BadKey(f"{path}: is a public key, but not Ed25519")
        return cls(key)

    def verifies(self, text: str, signature: str) -> bool:
        """Whether this signature was made of exactly this text."""
        try:
            self._key.verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        # Hexadecimal digits can be written in two ways: only ours is a signature.
        return signature == bytes.fromhex(signature).hex()


class SigningKey:
    """Signs heads."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def load_or_make(cls, path: Path) -> SigningKey:
        """The key in a file; made, with its public half beside it, if there is none.

        Raises BadKey when the file holds no such key or others could read it, OSError when it can't be read or made.
        """
        if not path.exists():
            _make(path)
        key = cls(_load(path))
        public = path.with_name(path.name + ".pub")
        if not public.exists():
            pem = key._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            _write_once(public, pem, 0o644)
        return key

    def sign(self, text: str) -> str:
        """The signature of a text."""
        return self._key.sign(text.encode()).hex()


def key_name(key: Ed25519PublicKey) -> str:
    """A short name: the first 16 hexadecimal digits of the SHA-256 of the raw public key."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def _load(path: Path) -> Ed25519PrivateKey:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise BadKey(f"{path}: must be a file that only its owner, who runs this, can read: chmod 600 it")
        data = os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise BadKey(f"{path}: holds no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path}: is a private key, but not Ed25519")
    return key


def _make(path: Path) -> None:
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_once(path, made, 0o600)


def _write_once(path: Path, data: bytes, mode: int) -> None:
    """Write a file whole; if another process has put one there meanwhile, that one stays."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

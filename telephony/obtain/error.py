"""What can go wrong while Asterisk is obtained.

Every error has a stable `code` and a message that names the thing and ends with the way out.
"""

from typing import ClassVar

WAY_OUT = "Install Asterisk 20 or newer, or name one: LIANDONG_ASTERISK=/path/to/asterisk"


class ObtainError(OSError):
    """Asterisk could not be obtained."""

    code: ClassVar[str] = "asterisk-not-obtained"


class AsteriskAbsent(ObtainError):
    """There is no Asterisk where one was named or expected."""

    code = "asterisk-absent"


class AsteriskTooOld(ObtainError):
    """The Asterisk that was found is older than this project can use."""

    code = "asterisk-too-old"


class AsteriskUnusable(ObtainError):
    """The Asterisk that was found does not start or does not say its version."""

    code = "asterisk-unusable"


class AsteriskIncomplete(ObtainError):
    """Modules, or libraries that modules link, are missing."""

    code = "asterisk-incomplete"


class UnsupportedMachine(ObtainError):
    """The trial Asterisk cannot be unpacked on this system or processor."""

    code = "asterisk-unsupported-machine"


class MirrorUnreachable(ObtainError):
    """No Debian mirror answered, or what it answered is not signed by Debian."""

    code = "asterisk-mirror-unreachable"


class PackagesGone(ObtainError):
    """The mirror does not have what was asked of it; `names` says what."""

    code = "asterisk-packages-gone"

    def __init__(self, message: str, names: tuple[str, ...]) -> None:
        super().__init__(message)
        self.names = names


class PackageDamaged(ObtainError):
    """A package is not the one that the lock or the signed index names."""

    code = "asterisk-package-damaged"


class CacheUnwritable(ObtainError):
    """The cache folder cannot be written: no permission, or the disk is full."""

    code = "asterisk-cache-unwritable"


class LockUnreadable(ObtainError):
    """A lock file is not one."""

    code = "asterisk-lock-unreadable"

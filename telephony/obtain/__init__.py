"""Asterisk, obtained: an installed one, or a trial one unpacked from Debian's packages without root rights.

`obtain` is all that others need.
"""

from .choice import obtain
from .error import ObtainError
from .program import AsteriskProgram, Kind

__all__ = ["AsteriskProgram", "Kind", "ObtainError", "obtain"]

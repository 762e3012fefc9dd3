"""Which Asterisk is used: a named one, else one on the machine, else the trial one, made if need be."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from . import debian, program
from .error import WAY_OUT, AsteriskAbsent, ObtainError
from .program import VARIABLE, AsteriskProgram
from .trial import Trial, cache_folder


def silent(text: str) -> None:
    """Report progress to nobody."""


def obtain(
    named: Path | None = None,
    *,
    trial: bool = True,
    download: bool = True,
    environment: Mapping[str, str] = os.environ,
    progress: Callable[[str], None] = silent,
) -> AsteriskProgram:
    """Return an Asterisk that can be started.

    `named` (or LIANDONG_ASTERISK in the environment) is used or refused, never passed over. Otherwise comes the one
    on the machine, and only with `trial` the unpacked one; without `download` only if it already lies in the cache.
    A found one that cannot be used is told by `progress` when the trial one takes its place, else raised.
    The call blocks: 0.05 s when there is nothing to do, some 10 s with a download.

    Raises ObtainError, of which every kind has its `code`.
    """
    if named is None and environment.get(VARIABLE):
        named = Path(environment[VARIABLE])
    if named is not None:
        return program.installed(named)
    found = program.find(environment)
    if found is not None:
        try:
            return program.installed(found)
        except ObtainError as error:
            if not trial:
                raise
            progress(f"Not used: {error}")
    if not trial:
        raise AsteriskAbsent(f"no Asterisk is installed on this machine. {WAY_OUT}")
    debian.require_tools(environment)
    unpacked = Trial(cache_folder(environment), debian.machine_architecture(environment), environment, progress)
    ready = unpacked.ready()
    if ready is None and not download:
        raise AsteriskAbsent(f"there is no trial Asterisk in {unpacked.cache}; run script/setup. {WAY_OUT}")
    return ready or unpacked.make()

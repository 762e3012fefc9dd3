"""`python -m telephony.obtain`: obtain an Asterisk and say which; with `--relock`, write the committed lock anew."""

import argparse
import os
import sys

from . import debian, lock
from .choice import obtain
from .error import ObtainError
from .trial import MACHINES, Trial, cache_folder


def main() -> int:
    """Return the exit code: 0 when done, 1 when not, after a message on stderr."""
    parser = argparse.ArgumentParser(prog="python -m telephony.obtain", description=__doc__)
    parser.add_argument("--relock", action="store_true", help="lock the mirror's newest packages (maintainers)")
    parser.add_argument("--cached", action="store_true", help="download nothing")
    try:
        options = parser.parse_args()
        if options.relock:
            _relock()
        else:
            found = obtain(download=not options.cached, progress=_say)
            print(f"Asterisk {found.version} ({found.kind.value}): {found.argv0[0]}")
    except ObtainError as error:
        print(f"{error} [{error.code}]", file=sys.stderr)
        return 1
    return 0


def _relock() -> None:
    debian.require_tools(os.environ)
    cache = cache_folder(os.environ)
    locks = [Trial(cache, architecture, os.environ, _say).relock() for architecture in MACHINES]
    lock.write(lock.COMMITTED, locks)
    print(f"{lock.COMMITTED}: " + ", ".join(f"{one.architecture} {one.id}" for one in locks))


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

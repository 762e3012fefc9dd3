"""The `liandong` command: what a person types, and how every error is told.

Exit codes: 0 done; 1 it could not be done, with one message that names the thing and the way out; 2 wrong usage.
An error that the outside can cause has a `code`; anything else is a bug and shows its trace.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from liandong import __version__

Run = Callable[[argparse.Namespace], int]

OUTSIDE = frozenset(
    (
        *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO),
        *(errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE, errno.ELOOP),
    )
)
"""What the system says of a disk, a folder, a right or a limit is never a bug of ours, wherever it is said."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese letters is told in others
    try:
        options = _parser().parse_args(arguments)
        run: Run = options.run
        code = run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        _hush()
        return 1
    except (ValueError, OSError) as error:
        if (message := told(error)) is None:
            raise
        print(f"liandong: {message}", file=sys.stderr)
        _hush()
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def told(error: ValueError | OSError) -> str | None:
    """The message of an error that the outside caused; None for a bug."""
    if getattr(error, "code", None) is not None:
        return str(error)
    if isinstance(error, OSError) and error.errno in OUTSIDE:
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror}; mend it, or name other folders with --state and --config"
    return None


def _hush() -> None:
    """What is still to be printed can't be: the interpreter shall not try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="liandong", description="Liandong 联动: one emergency number for a whole city."
    )
    parser.add_argument("--version", action="version", version=f"liandong {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(run=run)
        return sub

    def with_config(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--config", type=Path, metavar="DIR", help="the centre's folder (the example centre)")

    def with_state(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--state", type=Path, default=Path("var"), metavar="DIR", help="the state folder (var)")

    sub = command("serve", _serve, "start the centre and watch it")
    with_config(sub)
    with_state(sub)
    sub.add_argument("--without-engine", action="store_true", help="only Asterisk's dialplan distributes the calls")
    sub = command("stop", _stop, "stop the centre, Asterisk included, when its calls have ended")
    with_state(sub)
    sub.add_argument("--now", action="store_true", help="at once: calls that are up are cut")
    sub = command(
        "check", _check, "check a centre's configuration, plans and places; 1 and FILE:LINE for what is wrong"
    )
    with_config(sub)
    sub.add_argument("--against", type=Path, metavar="DIR", help="try the plans on the incidents in this folder, too")
    sub = command("verify", _verify, "check every recording against its evidence, and every fact of the journal")
    with_state(sub)
    sub = command("account", _account, "show what a telephone needs to register: a seat's or a trial caller's account")
    with_config(sub)
    with_state(sub)
    sub.add_argument("name", help="such as seat-01")
    sub = command("token", _token, "show what opens the API for one role")
    with_config(sub)
    with_state(sub)
    sub.add_argument("role", help="call-taker, dispatcher or supervisor")
    sub = command("pin", _pin, "show what a person keys in to sign in at a seat")
    with_config(sub)
    with_state(sub)
    sub.add_argument("person", help="the person's id in people.yaml, such as zhang-wei")
    sub = command("asterisk-config", _asterisk_config, "write Asterisk's files for an Asterisk that runs already")
    with_config(sub)
    with_state(sub)
    sub.add_argument("folder", type=Path, metavar="DIR", help="where to write them")
    sub = command(
        "demo",
        _demo,
        "play one emergency on real telephones, from the ring to the acknowledged departments, then stay up",
    )
    with_state(sub)
    sub.add_argument("--exit", action="store_true", help="end after the play; 0 only if every fact came")
    return parser


# Each command loads what it needs when it runs, so that --help and --version answer at once.


def _serve(options: argparse.Namespace) -> int:
    from liandong.serve import serve

    return serve(_config(options), options.state, engine=not options.without_engine)


def _stop(options: argparse.Namespace) -> int:
    from liandong.stop import stop

    return stop(options.state, now=options.now)


def _check(options: argparse.Namespace) -> int:
    from liandong.check import check

    return check(_config(options), options.against)


def _verify(options: argparse.Namespace) -> int:
    from liandong.verify import verify

    return verify(options.state)


def _account(options: argparse.Namespace) -> int:
    from liandong.account import account

    return account(_config(options), options.state, options.name)


def _token(options: argparse.Namespace) -> int:
    from liandong.account import token

    return token(_config(options), options.state, options.role)


def _pin(options: argparse.Namespace) -> int:
    from liandong.account import pin

    return pin(_config(options), options.state, options.person)


def _asterisk_config(options: argparse.Namespace) -> int:
    from liandong.existing import asterisk_config

    return asterisk_config(_config(options), options.state, options.folder)


def _demo(options: argparse.Namespace) -> int:
    from liandong.demo import demo

    return demo(options.state, stay=not options.exit)


def _config(options: argparse.Namespace) -> Path:
    from liandong.centre import EXAMPLE

    folder: Path | None = options.config
    return EXAMPLE if folder is None else folder


if __name__ == "__main__":
    sys.exit(main())

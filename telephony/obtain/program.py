"""An Asterisk that can be started: which one, how, and where its parts lie."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .error import WAY_OUT, AsteriskAbsent, AsteriskIncomplete, AsteriskTooOld, AsteriskUnusable

OLDEST = (20,)  # the first release with geolocation, PJSIP and MixMonitor as the dialplan uses them
VERSION_TIMEOUT_S = 10.0  # `asterisk -V` takes 0.02 s; a machine that is 500 times slower serves nobody
VARIABLE = "LIANDONG_ASTERISK"

# Without these no call reaches anybody or is recorded; an Asterisk built without one is refused at once.
ESSENTIAL = (
    "app_dial",
    "app_mixmonitor",
    "chan_pjsip",
    "pbx_config",
    "res_pjsip",
    "res_pjsip_session",
    "res_rtp_asterisk",
)


class Kind(Enum):
    """Where an Asterisk comes from."""

    INSTALLED = "installed"
    """By the machine's owner: fit to serve a centre."""
    TRIAL = "trial"
    """Unpacked by set-up into the user's cache: for demo, tests and trials."""


@dataclass(frozen=True)
class AsteriskProgram:
    """What is needed to start one Asterisk."""

    kind: Kind
    version: str
    """Such as `22.10.1`."""
    argv0: tuple[str, ...]
    """What its command line begins with; the first is an absolute path, so that `core restart now` finds it again."""
    modules: Path
    """For `astmoddir`."""
    data: Path
    """For `astdatadir`."""

    def has_module(self, name: str) -> bool:
        """Tell whether the module's file is there; `name` is without `.so`."""
        return (self.modules / f"{name}.so").is_file()


def parse_version(text: str) -> str:
    """Return the version number in what `asterisk -V` prints, or in Debian's version of the package.

    Raises ValueError when there is none.
    """
    found = re.match(r"(?:Asterisk (?:certified[/-]|GIT-|SVN-)?|(?:\d+:)?)(\d+(?:\.\d+){0,2})", text.strip())
    if found is None:
        raise ValueError(f"no Asterisk version in {text.strip()[:80]!r}")
    return found[1]


def is_too_old(version: str) -> bool:
    """Tell whether this project cannot use that version."""
    return tuple(int(part) for part in version.split(".")) < OLDEST


def ask_version(program: Path) -> str:
    """Run `PROGRAM -V` and return the version.

    Raises AsteriskUnusable when it does not start, does not end in time, or says something else.
    """
    try:
        answer = subprocess.run(
            [program, "-V"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            check=True,
        )
        return parse_version(answer.stdout)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines()
        reason = said[-1] if said else f"exit code {error.returncode}"
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        reason = str(error)
    raise AsteriskUnusable(f"{program} is no Asterisk that starts here: {reason}. {WAY_OUT}")


def find(environment: Mapping[str, str]) -> Path | None:
    """Return the path of an `asterisk` on the search path, or in the folders where system programs lie."""
    folders = [environment.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which("asterisk", path=os.pathsep.join(folders))
    return Path(found).absolute() if found else None


def installed(program: Path) -> AsteriskProgram:
    """Describe an Asterisk that is on the machine.

    Raises AsteriskAbsent, AsteriskUnusable, AsteriskTooOld or AsteriskIncomplete.
    """
    program = program.expanduser().absolute()
    if not program.is_file():
        raise AsteriskAbsent(f"{program} does not exist. {WAY_OUT}")
    version = ask_version(program)
    if is_too_old(version):
        raise AsteriskTooOld(f"{program} is Asterisk {version}, {OLDEST[0]} or newer is needed. {WAY_OUT}")
    prefix = program.resolve().parent.parent
    modules = _first_with("chan_pjsip.so", _configured("astmoddir") + _module_folders(prefix))
    if modules is None:
        raise AsteriskIncomplete(
            f"the modules of {program} (chan_pjsip.so and others) are in none of the usual folders; "
            f"name theirs as astmoddir in {ASTERISK_CONF}. {WAY_OUT}"
        )
    data = _first_with("documentation", _configured("astdatadir") + _data_folders(prefix))
    result = AsteriskProgram(Kind.INSTALLED, version, (str(program),), modules, data or prefix / "share/asterisk")
    lacking = [name for name in ESSENTIAL if not result.has_module(name)]
    if lacking:
        raise AsteriskIncomplete(f"{program} was built without {', '.join(lacking)} (looked in {modules}). {WAY_OUT}")
    return result


ASTERISK_CONF = Path("/etc/asterisk/asterisk.conf")


def _configured(key: str) -> list[Path]:
    """Return the folder that the machine's own asterisk.conf gives, if it does."""
    try:
        text = ASTERISK_CONF.read_text("utf-8", "replace")
    except OSError:
        return []
    return [Path(value) for value in re.findall(rf"^\s*{key}\s*=>?\s*(/[^;\n]*?)\s*(?:;|$)", text, re.MULTILINE)]


def _module_folders(prefix: Path) -> list[Path]:
    """Return where Debian, other distributions and a build from source put modules."""
    by_machine = sorted(prefix.glob("lib/*-linux-gnu*/asterisk/modules"))
    return [*by_machine, prefix / "lib64/asterisk/modules", prefix / "lib/asterisk/modules"]


def _data_folders(prefix: Path) -> list[Path]:
    """Return where Debian and a build from source put sounds and documentation."""
    return [prefix / "share/asterisk", prefix / "var/lib/asterisk", Path("/var/lib/asterisk")]


def _first_with(name: str, folders: list[Path]) -> Path | None:
    return next((folder for folder in folders if (folder / name).exists()), None)

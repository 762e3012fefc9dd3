"""One centre in one state directory: its parts wired together.

Everything that a command needs to know about this installation is made here, from the configuration and from what
lies in the state directory, and nothing is remembered that both do not know.
"""

from __future__ import annotations

import hashlib
import re
import string
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.centre import Centre
from config.ports import Ports, PortSettings, PortsTaken, choose_ports
from config.problem import ConfigErrors
from config.secret import Secret, Secrets
from config.settings import Settings
from config.state import State, StateError
from dispatch.department import Departments
from liandong import __version__
from liandong.centre import load_centre
from recordings.archive import RAW
from telephony.asterisk.files import WAITING_TONE, Paths, render, secret_names, write, write_scripts
from telephony.asterisk.process import Asterisk
from telephony.obtain import AsteriskProgram, obtain
from telephony.prompt.render import render as render_prompts
from telephony.prompt.settings import PromptSettings
from telephony.prompt.waiting_tone import write_waiting_tone
from telephony.settings import TelephonySettings

if TYPE_CHECKING:
    from journal import Places

Progress = Callable[[str], None]

PIN_DIGITS = 6  # short enough to key in; see intake.edge.door for what guessing costs
# Asterisk's dialplan and its lists of files have no way to quote these.
ETC = "etc"
LOG = "asterisk"
LONGEST_PATH = 80  # the control socket run/asterisk.ctl must fit into 107 bytes (unix(7))
TOKEN_ROLES = ("call-taker", "dispatcher", "supervisor")
_SPEAKABLE_PATH = re.compile(r"[A-Za-z0-9/._+@-]+")


@dataclass(frozen=True)
class Installation:
    """A loaded centre and its state directory."""

    centre: Centre
    state: State
    gives_way: bool = False
    """Whether it takes a free port in place of one that is taken, rather than refuse to start."""

    @classmethod
    def open(cls, config: Path, state: Path, *, gives_way: bool = False) -> Installation:
        """Load the centre and open its state directory. Raises ConfigErrors, StateError."""
        centre = load_centre(config)
        if not _SPEAKABLE_PATH.fullmatch(str(state.absolute())):
            raise StateError(
                "state_path", f"{state.absolute()}: Asterisk cannot take this path; use letters, digits, / . _ + @ -"
            )
        if len(str(state.absolute())) > LONGEST_PATH:
            raise StateError(
                "state_path",
                f"{state.absolute()}: longer than the {LONGEST_PATH} letters that Asterisk's socket allows",
            )
        return cls(centre, State.open(state), gives_way)

    @classmethod
    def found(cls, config: Path, state: Path) -> Installation:
        """The same in a state directory that the process which started this one has opened. Raises ConfigErrors.

        Nothing is made there and no room is asked for, so that a child comes back on a full disk, too.
        """
        return cls(load_centre(config), State(state.absolute()))

    @property
    def telephony(self) -> TelephonySettings:
        """The centre's telephony."""
        return self.centre.part(TelephonySettings)

    @property
    def languages(self) -> tuple[str, ...]:
        """In the order in which callers hear them."""
        return tuple(self.centre.part(Settings).languages)

    @property
    def secrets(self) -> Secrets:
        """The secrets of this installation."""
        return Secrets(self.state.secrets)

    def token(self, role: str) -> Secret:
        """What opens the API for one of `TOKEN_ROLES`, made if it is missing."""
        return self.secrets.get_or_make(f"token-{role}")

    @property
    def made_of(self) -> str:
        """A name of this version with this configuration: children that were started with another are replaced."""
        made = hashlib.sha256(__version__.encode())
        folder = self.centre.folder
        for file in sorted((*folder.rglob("*.yaml"), *folder.glob("*.geojson"))):
            made.update(f"\n{file.relative_to(folder)}\n".encode() + file.read_bytes())
        return made.hexdigest()[:16]

    @property
    def channel_events(self) -> Path:
        """The file in which its Asterisk writes down what happens to channels."""
        return self.state.log / LOG / "cel-custom" / "cel.csv"

    @property
    def hangups(self) -> Path:
        """The folder in which a process of Asterisk's puts down calls that ended while the engine was away."""
        return self.state.log / "hangups"

    @property
    def spoken(self) -> Path:
        """The folder of what was spoken for one call: the texts of orders."""
        return self.state.asterisk / "spoken"

    @property
    def journal_places(self) -> Places:
        """Where its journal lies."""
        # Half a second of imports, which only those pay who use the journal.
        from liandong.places import journal_places

        return journal_places(self.state)

    @property
    def subscribers(self) -> Path:
        """The table into which the centre's subscribers are imported."""
        return self.state.path / "gis" / "subscribers.sqlite"

    @property
    def engine_socket(self) -> Path:
        """Where the engine tells our other processes what happens, and hears what they want."""
        return self.state.run / "engine.sock"

    def pin(self, person: str) -> Secret:
        """What this person keys in to sign in; made if there is none yet. Raises StateError."""
        return self.secrets.get_or_make(f"pin-{person}", length=PIN_DIGITS, alphabet=string.digits)

    def program(self, progress: Progress) -> AsteriskProgram:
        """The Asterisk that this centre may use. Raises ObtainError."""
        settings = self.telephony.asterisk
        named = Path(settings.program) if settings.program else None
        return obtain(named, trial=settings.trial, progress=progress)

    def paths(self, program: AsteriskProgram) -> Paths:
        """Where its Asterisk finds and leaves things."""
        own = self.state.asterisk
        return Paths(
            etc=own / ETC,
            modules=program.modules,
            data=program.data,
            lib=own / "lib",
            cache=own / "cache",
            spool=own / "spool",
            run=self.state.run,
            log=self.state.log / LOG,
            raw=self.state.recordings / RAW,
            sounds=own / "sounds",
            spoken=self.spoken,
            agi=own / "agi-bin",
            hangups=self.hangups,
        )

    def asterisk(self, program: AsteriskProgram) -> Asterisk:
        """Its Asterisk, which may be running or not."""
        paths = self.paths(program)
        return Asterisk(program.argv0, etc=paths.etc, run=paths.run, log=paths.log)

    def ports(self) -> Ports:
        """Choose the ports for a start. Raises ConfigErrors naming those that are taken."""
        settings = self.centre.part(PortSettings)
        try:
            return choose_ports(settings)
        except PortsTaken as error:
            if self.gives_way:
                return choose_ports(settings.model_copy(update={str(each.path[-1]): 0 for each in error.refused}))
            raise ConfigErrors(self.centre.problem(PortSettings, refused) for refused in error.refused) from error

    def files(self, program: AsteriskProgram, ports: Ports) -> dict[str, str]:
        """Asterisk's configuration files as text."""
        return render(
            self.telephony,
            languages=self.languages,
            paths=self.paths(program),
            bind=self.centre.part(PortSettings).bind,
            ports=ports,
            secrets=self.asterisk_secrets(),
            version=program.version,
        )

    def asterisk_secrets(self) -> dict[str, Secret]:
        """The secrets that Asterisk's files hold, made where they are missing."""
        return {name: self.secrets.get_or_make(name) for name in secret_names(self.telephony)}

    def speak(self, program: AsteriskProgram, progress: Progress) -> None:
        """Make the prompts that are missing, for callers and for departments. Raises PromptError."""
        paths = self.paths(program)
        paths.lib.mkdir(parents=True, exist_ok=True)
        write_waiting_tone(paths.lib / f"{WAITING_TONE}.wav16")
        texts = self.centre.part(PromptSettings).texts()
        departments = [each.language for each in self.centre.part(Departments).departments]
        languages = tuple(dict.fromkeys([*self.centre.part(Settings).languages, *departments]))
        made = render_prompts(self.centre.folder, texts, languages, paths.sounds).made
        if made:
            progress(f"{made} prompts made")

    def prepare(self, program: AsteriskProgram, ports: Ports) -> bool:
        """Write Asterisk's files and folders; True when something is different from before."""
        paths = self.paths(program)
        for folder in (
            paths.lib / "keys",
            paths.cache,
            paths.spool,
            paths.raw,
            *(paths.log / name for name in ("cel-custom", "cdr-custom")),
        ):
            folder.mkdir(parents=True, exist_ok=True)
        write_scripts(paths, Path(sys.executable))
        files = self.files(program, ports)
        if _as_written(paths.etc) == files:
            return False
        write(files, paths.etc)
        return True


def running_asterisk(state: State) -> Asterisk | None:
    """The Asterisk that runs from a state directory, whatever its configuration says by now."""
    return Asterisk.found(etc=state.asterisk / ETC, run=state.run, log=state.log / LOG)


def _as_written(folder: Path) -> dict[str, str]:
    try:
        return {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    except (FileNotFoundError, UnicodeDecodeError):
        return {}

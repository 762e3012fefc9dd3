"""Asterisk's configuration, rendered from the centre: text in, text out; and written whole or not at all.

One template a file (`templates/`). The same files serve our own Asterisk and one that a city runs already
(`liandong asterisk-config`), so nothing in them knows who starts Asterisk.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from config.ports import Ports
from config.secret import Secret
from telephony.asterisk.modules import MODULES
from telephony.carriage import GEO_PIECES, GEO_SIZE
from telephony.hangup import SCRIPT, script
from telephony.settings import TelephonySettings

FILES = (
    "asterisk.conf",
    "modules.conf",
    "pjsip.conf",
    "sorcery.conf",
    "extensions.conf",
    "manager.conf",
    "logger.conf",
    "cel.conf",
    "cel_custom.conf",
    "cdr.conf",
    "cdr_custom.conf",
    "rtp.conf",
    "http.conf",
    "musiconhold.conf",
    "features.conf",
    "indications.conf",
)

# Asterisk warns about or refuses to load modules without these; empty is what we mean.
EMPTY_FILES = (
    "acl.conf",
    "amd.conf",
    "ccss.conf",
    "chan_websocket.conf",
    "cli_aliases.conf",
    "codecs.conf",
    "confbridge.conf",
    "dnsmgr.conf",
    "dsp.conf",
    "enum.conf",
    "geolocation.conf",
    "pjproject.conf",
    "pjsip_notify.conf",
    "prometheus.conf",
    "queues.conf",
    "queuerules.conf",
    "stasis.conf",
    "udptl.conf",
    "websocket_client.conf",
)

# Manager events that nobody here listens to; about two thirds of all at work.
UNHEARD = (
    "VarSet",
    "Newexten",
    "CEL",
    "Cdr",
    "TestEvent",
    "RTCPSent",
    "RTCPReceived",
    "ChallengeSent",
    "ChallengeResponseFailed",
    "SuccessfulAuth",
    "LocalOptimizationBegin",
    "LocalOptimizationEnd",
    "MusicOnHoldStart",
    "MusicOnHoldStop",
)


KEY_S = 5
"""How long the next key of a number is waited for, in seconds; a hash ends the waiting."""

CLOSING_S = 15
"""How long a duty line that pressed a key waits in silence for the engine's word, in seconds."""

WORDS_S = 60
"""How long somebody who reports may leave words, in seconds."""

WAITING_TONE = "waiting-tone"
"""Name, without its format's ending, of the sound between two announcements; lies in `Paths.lib`."""


@dataclass(frozen=True)
class Paths:
    """Where Asterisk finds and leaves things; all absolute."""

    etc: Path
    """configuration"""
    modules: Path
    """loadable modules, from the program's package"""
    data: Path
    """documentation and static data, from the program's package"""
    lib: Path
    """its own small database"""
    cache: Path
    spool: Path
    run: Path
    """control socket and pid file"""
    log: Path
    raw: Path
    """recordings in the making: one folder a call"""
    sounds: Path
    """prompts: one folder a language"""
    spoken: Path
    """texts of orders that were spoken for one call"""
    agi: Path
    """scripts that it runs"""
    hangups: Path
    """what those put down of calls that ended without the engine"""


def secret_names(settings: TelephonySettings) -> tuple[str, ...]:
    """Every secret that the rendered files hold: one a telephone, and the manager interface's."""
    return (*(seat.id for seat in settings.seats), *settings.trial_phones, *settings.duty_phones, "ami")


def render(
    settings: TelephonySettings,
    *,
    languages: Sequence[str],
    paths: Paths,
    bind: str,
    ports: Ports,
    secrets: Mapping[str, Secret],
    version: str,
) -> dict[str, str]:
    """All of Asterisk's configuration files as text, by file name.

    `bind` is the address to listen on; `secrets` holds one for each of `secret_names(settings)`; `version` is
    Asterisk's, such as `22.10.1`.
    """
    environment = Environment(
        loader=PackageLoader("telephony.asterisk"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are no web pages; every value was checked against a pattern
    )

    def voice(prompt: str) -> str:
        """The files of one prompt in every language, as Playback and Read take them."""
        return "&".join(str(paths.sounds / language / prompt) for language in languages)

    def first(prompt: str) -> str:
        """The file of one prompt in the first language alone."""
        return str(paths.sounds / languages[0] / prompt)

    def own(prompt: str) -> str:
        """The file of one prompt in the language of this call."""
        return str(paths.sounds / "${LD_LANGUAGE}" / prompt)

    names = {
        "bind": bind,
        "closing_s": CLOSING_S,
        "duty_phones": settings.duty_phones,
        "feedback_number": settings.feedback_number,
        "first": first,
        "geo_pieces": GEO_PIECES,
        "geo_size": GEO_SIZE,
        "hangup": SCRIPT,
        "key_s": KEY_S,
        "languages": languages,
        "menu": settings.silent_menu,
        "modules": MODULES,
        "neighbours": settings.neighbours,
        "own": own,
        "paths": asdict(paths),
        "ports": asdict(ports),
        "raw": paths.raw,
        "seats": settings.seats,
        "secrets": {name: secret.reveal() for name, secret in secrets.items()},
        "services": settings.services,
        "timing": settings.fallback,
        "trial_phones": settings.trial_phones,
        "trunks": settings.trunks,
        "unheard": UNHEARD,
        "version": tuple(map(int, version.split("."))),
        "voice": voice,
        "waiting_tone": paths.lib / WAITING_TONE,
        "words_s": WORDS_S,
        "way_out": next((trunk.id for trunk in settings.trunks if trunk.contact), None),
    }
    rendered = {name: environment.get_template(f"{name}.j2").render(names) for name in FILES}
    return rendered | dict.fromkeys(EMPTY_FILES, "")


def write(rendered: Mapping[str, str], folder: Path) -> None:
    """Put the files into `folder`, all of them or none; they hold secrets, so nobody else reads them."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in rendered.items():
            file = staging / name
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
        if folder.exists():
            old = staging.with_suffix(".old")
            folder.rename(old)
            staging.rename(folder)
            shutil.rmtree(old)
        else:
            staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_scripts(paths: Paths, python: Path) -> None:
    """Put the scripts that Asterisk runs where it finds them, and the folder for what they write.

    `python` is the interpreter in which Liandong is installed. A script is replaced whole: one may be running.
    """
    for folder in (paths.agi, paths.hangups):
        folder.mkdir(parents=True, exist_ok=True)
    text, place = script(python), paths.agi / SCRIPT
    if place.exists() and place.read_text(encoding="utf-8") == text:
        return
    staging = paths.agi / f".{SCRIPT}.part"
    staging.write_text(text, encoding="utf-8")
    staging.chmod(0o755)
    staging.replace(place)

"""`liandong asterisk-config`: the files for an Asterisk that a city runs already.

Two kinds of files. What is ours alone (seats, trunks, dialplan) is included from the city's own files. A section that a
configuration has only once must not come twice: Asterisk 22.10 then takes the first (manager's [general]), both
(extensions' [globals]), or none at all, the city's neither (pjsip's [global]). Such sections are written as
`settings-NAME`, for a person to carry over.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from config.ports import Ports, PortSettings
from config.problem import ConfigErrors, Refused
from config.state import StateError
from liandong.centre import load_centre
from liandong.installation import Installation
from recordings.disk import Disk
from telephony.asterisk.files import write, write_scripts

INCLUDED: Mapping[str, Collection[str]] = {
    "pjsip.conf": ("global", "system"),
    "extensions.conf": ("general", "globals"),
    "manager.conf": ("general",),
    "musiconhold.conf": (),
    "features.conf": ("general", "featuremap"),
}
"""The files that are included, and their sections that a configuration has only once."""

BY_HAND = (
    *("asterisk.conf", "cdr.conf", "cdr_custom.conf", "cel.conf", "cel_custom.conf", "http.conf", "modules.conf"),
    *("rtp.conf", "sorcery.conf"),
)
"""Files of which nothing is included."""


def asterisk_config(config: Path, state: Path, folder: Path) -> int:
    """Write the files into a new folder and say what to do with them."""
    ports = _fixed_ports(config)
    if folder.exists():
        raise StateError("folder_taken", f"{folder}: is there already; name a new folder")
    installation = Installation.open(config, state)
    program = installation.program(print)
    installation.speak(program, print)
    paths = installation.paths(program)
    raw = paths.raw
    Disk().make_folder(raw)
    write_scripts(paths, Path(sys.executable))
    files = installation.files(program, ports)
    included = {
        name: "".join(part for section, part in _sections(files[name]) if section not in once).replace(
            "${LD_RAW}", str(raw)
        )
        for name, once in INCLUDED.items()
    }
    settings = {
        f"settings-{name}": "".join(part for section, part in _sections(files[name]) if section in once)
        for name, once in INCLUDED.items()
        if once
    }
    settings |= {f"settings-{name}": files[name] for name in BY_HAND}
    write(included | settings, folder.absolute())
    print(f"written for Asterisk {program.version}: {folder.absolute()}")
    print(HOW.format(folder=folder.absolute(), state=installation.state.path, names=_names(included)))
    return 0


def _fixed_ports(config: Path) -> Ports:
    """The ports as the centre sets them. Raises ConfigErrors for each that is left to chance."""
    centre = load_centre(config)
    settings = centre.part(PortSettings)
    fixed = settings.model_dump(exclude={"bind", "rtp_count"})
    unset = [
        centre.problem(PortSettings, Refused("port_not_set", "an Asterisk of your own needs a fixed port", path=(key,)))
        for key, port in fixed.items()
        if port == 0
    ]
    if unset:
        raise ConfigErrors(unset)
    return Ports(**fixed, rtp_end=settings.rtp_start + settings.rtp_count - 1)


def _sections(text: str) -> list[tuple[str, str]]:
    """The sections of a file, each with its name; what stands before the first has none."""
    parts = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    return [("", parts[0]), *((part[1 : part.index("]")], part) for part in parts[1:])]


def _names(included: Mapping[str, str]) -> str:
    """Which sections come into each of the city's files."""
    names = {file: dict.fromkeys(name for name, _ in _sections(text) if name) for file, text in included.items()}
    return "\n".join(f"  {file:18} {' '.join(sections)}" for file, sections in names.items())


HOW = """
1. In your Asterisk's configuration folder, add at the end of each of these files the line beside it:

  pjsip.conf         #include {folder}/pjsip.conf
  extensions.conf    #include {folder}/extensions.conf
  manager.conf       #include {folder}/manager.conf
  musiconhold.conf   #include {folder}/musiconhold.conf
  features.conf      #include {folder}/features.conf

2. Your own files must not have sections of these names:

{names}

3. Carry over what the files settings-* in {folder} say, each into your file of that name. Without transmit_silence
(asterisk.conf) recordings have gaps; without cel.conf and cel_custom.conf nobody learns that a call has ended; without
sorcery.conf a full disk unregisters all seats; modules.conf lists the modules that must be loaded. Leave out the
[directories] of asterisk.conf. Ports that you have already given to others are set in ports.yaml.

4. Asterisk's user must be able to read {folder} and {state}/asterisk, and to write {state}/recordings and
{state}/log/hangups.

Then start Asterisk again: new modules and transports are not taken by a reload.
""".rstrip()

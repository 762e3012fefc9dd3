"""`liandong asterisk-config`: the files for an Asterisk that a city runs already."""

from __future__ import annotations

from pathlib import Path

from config.ports import Ports, PortSettings
from config.state import StateError
from liandong.installation import Installation
from telephony.asterisk.files import write


def asterisk_config(config: Path, state: Path, folder: Path) -> int:
    """Write the files into a new folder and say what to include where."""
    installation = Installation.open(config, state)
    if folder.exists():
        raise StateError("folder_taken", f"{folder}: is there already; name a new folder")
    settings = installation.centre.part(PortSettings)
    unset = [key for key in Ports.__dataclass_fields__ if getattr(settings, key, None) == 0]
    if unset:
        raise StateError(
            "port_not_set", f"ports.yaml: {', '.join(unset)}: an Asterisk of your own needs fixed ports, not 0"
        )
    fixed = settings.model_dump(exclude={"bind", "rtp_count"})
    ports = Ports(**fixed, rtp_end=settings.rtp_start + settings.rtp_count - 1)
    program = installation.program(print)
    installation.speak(program, print)
    write(installation.files(program, ports), folder.absolute())
    print(f"written for Asterisk {program.version}: {folder.absolute()}")
    print(INCLUDE.format(folder=folder.absolute(), state=installation.state.path))
    return 0


INCLUDE = """
In your Asterisk's configuration folder, add at the end of

  pjsip.conf         #include {folder}/pjsip.conf
  extensions.conf    #include {folder}/extensions.conf
  manager.conf       #include {folder}/manager.conf
  musiconhold.conf   #include {folder}/musiconhold.conf
  features.conf      #include {folder}/features.conf
  cel.conf, cel_custom.conf, cdr_custom.conf: likewise

and set transmit_silence = yes under [options] in asterisk.conf. The modules that must be loaded are listed in
{folder}/modules.conf. Asterisk's user must be able to read this folder and {state}/asterisk/sounds,
and to write {state}/recordings. Then: asterisk -rx "core reload"
""".rstrip()

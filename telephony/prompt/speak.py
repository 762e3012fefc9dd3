"""The child process that speaks: text on stdin (UTF-8), a WAV on stdout.

    python -m telephony.prompt.speak --voice cmn --rate 150 < text > speech.wav

It loads espeak-ng's library, which is under the GPL, so no other process of ours ever does: nothing imports this file,
and it is started by its path. It uses nothing but the standard library and the wheel that carries espeak-ng.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import wave
from pathlib import Path

import espeakng_loader

# From espeak-ng's speak_lib.h: a stable interface since 2006.
_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARACTERS_UTF8 = 1
_POSITION_CHARACTER = 1
_PARAMETER_RATE = 1
_OK = 0

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main() -> int:
    """Speak stdin to stdout; 0, or 1 with a line on stderr."""
    parser = argparse.ArgumentParser(description="Speak the text on stdin as a WAV on stdout.")
    parser.add_argument("--voice", required=True, help="a voice of espeak-ng, such as cmn or en")
    parser.add_argument("--rate", required=True, type=int, help="words a minute")
    chosen = parser.parse_args()
    text = sys.stdin.buffer.read()
    # The library cuts the path of its data off after 160 bytes; from within the folder it is short.
    data = Path(espeakng_loader.get_data_path())
    os.chdir(data.parent)
    speech = ctypes.CDLL(espeakng_loader.get_library_path())
    rate_hz = speech.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, f"./{data.name}".encode(), _DONT_EXIT)
    if rate_hz <= 0:
        print(f"espeak-ng finds no data in {data}", file=sys.stderr)
        return 1
    audio = bytearray()

    def keep(samples: ctypes._Pointer[ctypes.c_short] | None, count: int, _: int | None) -> int:
        if samples and count > 0:
            audio.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = _Callback(keep)
    speech.espeak_SetSynthCallback(callback)
    if speech.espeak_SetVoiceByName(chosen.voice.encode()) != _OK:
        print(f"espeak-ng has no voice {chosen.voice}", file=sys.stderr)
        return 1
    speech.espeak_SetParameter(_PARAMETER_RATE, chosen.rate, 0)
    terminated = text + b"\0"
    length = ctypes.c_size_t(len(terminated))
    if speech.espeak_Synth(terminated, length, 0, _POSITION_CHARACTER, 0, _CHARACTERS_UTF8, None, None) != _OK:
        print("espeak-ng cannot speak this text", file=sys.stderr)
        return 1
    with wave.open(sys.stdout.buffer, "wb") as out:
        out.setparams((1, 2, rate_hz, len(audio) // 2, "NONE", ""))
        out.writeframesraw(bytes(audio))
    return 0


if __name__ == "__main__":
    sys.exit(main())

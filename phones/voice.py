"""The sound of a call, as the person at the telephone handles it: speak, press keys, listen."""

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr  # type: ignore[import-untyped]

from phones.ear import Count
from phones.errors import NeverCame, WrongMoment
from phones.g711 import RATE_HZ, Samples
from phones.history import Event, What
from phones.media import Media
from phones.tone import PROOF_S, Heard, recognise

SOUND_S = 20.0  # how long a sound is waited for when nobody says


class Voice:
    """The speaking and hearing part of a call.

    What is said before the call has sound is said as soon as it has. Positions count samples since the first packet.
    """

    def __init__(self, host: str, first_sequence: int | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._history: list[Event] = []
        self._media = Media(host, first_sequence, lambda: self._note(What.VOICE_HEARD))

    @property
    def history(self) -> tuple[Event, ...]:
        """What happened so far, in order."""
        return tuple(self._history)

    def time_of(self, what: What) -> float | None:
        """Return the time of the first such event, or None."""
        return next((event.at for event in self._history if event.what is what), None)

    # Speaking.

    def play_tone(self, hz: int) -> None:
        """Say a tone from now on."""
        self._media.mouth.tone(hz)

    def play(self, sound: Samples | Path, repeats: bool = False) -> None:
        """Say samples (int16, mono, 8 kHz) or a sound file of any rate, then silence.

        Raises `OSError` or `soundfile.LibsndfileError` when the file cannot be read.
        """
        self._media.mouth.samples(_load(sound) if isinstance(sound, Path) else sound, repeats)

    def mute(self) -> None:
        """Send packets of silence."""
        self._media.mouth.silence()

    def stop_rtp(self) -> None:
        """Send no packets at all; the next thing that is said ends that."""
        self._media.mouth.sending = False

    def sequence_jump(self, packets: int) -> None:
        """Move the RTP sequence number in mid-call, as a restarted sender does."""
        self._media.mouth.stream.jump(packets)

    async def send_keys(self, keys: str) -> None:
        """Press keys and return when the last one is released.

        Raises `ValueError` for a key that no telephone has, `WrongMoment` when there is nobody to hear them.
        """
        if not self._media.speaking or self._media.mouth.keys_type is None:
            raise WrongMoment("the other side does not take keys now")
        self._media.mouth.keys(keys)
        await self.finished_speaking()
        self._note(What.KEYS_SENT, keys)

    async def finished_speaking(self) -> None:
        """Return when keys and recordings are said to their end, or cannot be any more."""
        while self._media.mouth.busy and self._media.speaking:
            await self._media.silence()

    # Hearing.

    @property
    def rtp_port(self) -> int:
        """Our port for sound; 0 after the end."""
        return self._media.port

    @property
    def position(self) -> int:
        """How many samples were heard since the first packet, holes included."""
        return self._media.ear.position

    @property
    def received(self) -> Samples:
        """Everything heard that is kept: int16, mono, 8 kHz, holes as zeros."""
        return self._media.ear.samples

    @property
    def keys_heard(self) -> str:
        """The keys that the other side pressed, in order."""
        return self._media.ear.keys

    @property
    def packets(self) -> Count:
        """What has arrived."""
        return self._media.ear.count

    @property
    def packets_sent(self) -> int:
        """How many RTP packets were sent."""
        return self._media.sent

    @property
    def packets_missed(self) -> int:
        """How many RTP packets should have been sent and were not: our own machine was too slow."""
        return self._media.missed

    def heard(self, last: float = PROOF_S) -> Heard:
        """Tell what was heard in the last seconds; where no packets came there is silence."""
        ear = self._media.ear
        end = ear.newest(self._loop.time()) if self._media.open else ear.position
        return recognise(ear.window(max(0, end - round(last * RATE_HZ)), end))

    async def hears(self, hz: float, within: float = SOUND_S, last: float = PROOF_S) -> float:
        """Wait until a tone is heard without a break for `last` seconds, counted from now on; return the time.

        Raises `NeverCame`, telling what was heard instead.
        """
        begin = self.position
        try:
            async with asyncio.timeout(within):
                await self._until(lambda end: end - begin >= last * RATE_HZ and self._has(hz, end, last))
        except TimeoutError:
            raise NeverCame(f"{hz:g} Hz was not heard within {within:g} s, but {self.heard()}") from None
        return self._loop.time()

    async def hears_something(self, within: float = SOUND_S) -> float:
        """Wait until 100 ms of anything but silence are heard from now on; return the time. Raises `NeverCame`."""
        begin = self.position
        step = RATE_HZ // 10
        try:
            async with asyncio.timeout(within):
                await self._until(
                    lambda end: end - begin >= step and not recognise(self._media.ear.window(end - step, end)).silent
                )
        except TimeoutError:
            raise NeverCame(f"only silence was heard within {within:g} s, but {self.heard()}") from None
        return self._loop.time()

    def save(self, path: Path) -> None:
        """Write what was heard as a WAV file. Raises `OSError`."""
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(self.received.astype("<i2").tobytes())

    async def _until(self, holds: Callable[[int], bool]) -> None:
        """Return when `holds` of the position, looked at once in 100 ms of sound; the media must be open."""
        looked = 0
        while True:
            end = self.position
            if end - looked >= RATE_HZ // 10:
                looked = end
                if holds(end):
                    return
            if not self._media.open:
                raise NeverCame(f"the call ended before it was heard, but {self.heard()}")
            await self._media.more()

    def _has(self, hz: float, end: int, last: float) -> bool:
        step = RATE_HZ // 10
        pieces = max(1, round(last * RATE_HZ) // step)
        return all(
            recognise(self._media.ear.window(end - (at + 1) * step, end - at * step)).has(hz) for at in range(pieces)
        )

    def _note(self, what: What, detail: str = "") -> None:
        self._history.append(Event(self._loop.time(), what, detail))


def _load(path: Path) -> Samples:
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate, RATE_HZ)
    loud: Samples = np.rint(np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return loud

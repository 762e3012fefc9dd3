"""What people say in the demo: Mandarin sentences, as the telephone carries them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
import soxr  # type: ignore[import-untyped]

from config.field import Language
from phones.g711 import RATE_HZ, Samples
from telephony.prompt.speech import RATE_HZ as SPOKEN_HZ
from telephony.prompt.speech import speak

GREETING = "一一九，请讲。"
REPORT = "喂，晨光路八十七号六单元着火了！五楼，烟很大，有两个人出不来，里面有个孩子，快来啊！"
ADVICE = "消防车和救护车马上就到。请离开大楼，不要乘电梯。"


async def voices() -> Mapping[str, Samples]:
    """Every sentence as sound, 8 kHz. Raises SpeechError."""
    spoken = await asyncio.gather(*(asyncio.to_thread(_said, text) for text in (GREETING, REPORT, ADVICE)))
    return dict(zip((GREETING, REPORT, ADVICE), spoken, strict=True))


def _said(text: str) -> Samples:
    sound: Samples = soxr.resample(speak(text, Language.ZH), SPOKEN_HZ, RATE_HZ).astype(np.int16)
    return sound

"""Level, peak and ends of whatever is played to a telephone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.prompt.sound import NoSound, Sound, active_dbfs, fitted


def tone(rate: int, seconds: float = 1.0, level: float = 0.5, hertz: float = 440.0) -> Sound:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
    return Sound(wave.astype(np.float32), rate)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("level", [0.001, 0.05, 1.0])
def test_a_tone_of_any_rate_and_level_comes_out_alike(rate: int, level: float) -> None:
    samples = fitted(tone(rate, level=level), 8_000)
    assert abs(len(samples) - 1.2 * 8_000) < 80
    assert active_dbfs(samples.astype(np.float32) / np.float32(32768), 8_000) == pytest.approx(-20, abs=0.3)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 8_000 / len(samples) == pytest.approx(440, abs=1)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 0.02), st.floats(1.0, 300.0))
def test_no_peak_ever_gets_above_minus_three_and_no_end_clicks(seed: int, often: float, height: float) -> None:
    """Noise with rare spikes up to 50 dB above it: far worse than any voice."""
    drawn = np.random.default_rng(seed)
    wave = drawn.normal(0, 0.001, 4_000) * np.where(drawn.random(4_000) < often, height, 1.0)
    samples = fitted(Sound(wave.astype(np.float32), 16_000), 16_000)
    assert 20 * np.log10(np.abs(samples.astype(np.float64)).max() / 32768) <= -3.0
    assert not samples[:1600].any() and not samples[-1600:].any()
    assert abs(int(samples[1600])) < 400 and abs(int(samples[-1601])) < 400


def test_a_limited_peak_is_turned_down_not_cut_off_flat() -> None:
    sound = tone(16_000, 2.0, level=0.05, hertz=100.0)
    loud = sound.wave.copy()
    loud[16_000:16_160] *= 20
    samples = fitted(Sound(loud, 16_000), 16_000)
    top = np.abs(samples.astype(np.int32)).max()
    assert np.count_nonzero(np.abs(samples.astype(np.int32)) >= top - 2) < 12, "a flat top is a crackle"


def test_pauses_do_not_make_a_prompt_louder() -> None:
    word = tone(16_000, 0.5).wave
    paused = np.concatenate([word, np.zeros(32_000, np.float32), word])
    one, two = fitted(Sound(word, 16_000), 16_000), fitted(Sound(paused, 16_000), 16_000)
    assert np.abs(one).max() == pytest.approx(np.abs(two).max(), rel=0.02)


def test_silence_at_the_ends_is_a_tenth_of_a_second_however_long_it_was() -> None:
    word = tone(16_000, 0.5).wave
    padded = np.concatenate([np.zeros(20_000, np.float32), word, np.zeros(50_000, np.float32)])
    assert abs(len(fitted(Sound(padded, 16_000), 16_000)) - 0.7 * 16_000) < 200


@pytest.mark.parametrize("length", [0, 1, 1_000])
def test_silence_cannot_be_made_louder(length: int) -> None:
    with pytest.raises(NoSound):
        fitted(Sound(np.zeros(length, np.float32), 22_050), 16_000)


def test_a_single_sample_is_survived() -> None:
    assert len(fitted(Sound(np.ones(1, np.float32), 16_000), 16_000)) >= 3_200

"""Free text spoken by the real synthesiser, and what happens when that fails."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import telephony.prompt
from config.field import Language
from telephony.prompt.error import SpeechError
from telephony.prompt.sound import PEAK_DBFS, active_dbfs
from telephony.prompt.speech import VOICES, Synthesiser, Voice, installed, speak
from telephony.prompt.utterance import utterance

SENTENCE = "应急联动中心请不要挂机"


def seconds(text: str, language: Language = Language.ZH) -> float:
    sound = installed().spoken(text, VOICES[language])
    return len(sound.wave) / sound.rate


def child(program: str) -> Synthesiser:
    """A synthesiser that is this Python program."""
    return Synthesiser((sys.executable, "-I", "-c", program), ("--voice", "--rate"), "test")


def test_mandarin_and_english_are_spoken_at_the_telephones_level_with_silent_ends() -> None:
    spoken = {language: speak("119 应急 emergency", language) for language in Language}
    for samples in spoken.values():
        assert samples.dtype == np.int16
        wave = samples.astype(np.float32) / np.float32(32768)
        assert abs(active_dbfs(wave, 16_000) + 20) < 0.5
        assert 20 * np.log10(np.abs(wave).max()) <= PEAK_DBFS
        assert not samples[:1600].any() and not samples[-1600:].any()
        assert len(samples) > 16_000
    zh, en = spoken.values()
    assert len(zh) != len(en) or not np.array_equal(zh, en)


def test_a_long_chinese_text_without_a_comma_is_spoken_to_its_last_character() -> None:
    """Left to itself espeak-ng drops a tenth of this, without a word."""
    once = seconds(SENTENCE)
    assert seconds(SENTENCE * 40) == pytest.approx(once * 40, rel=0.05)


def test_no_character_of_a_chinese_text_is_cut_whatever_its_length_in_bytes() -> None:
    """Every prefix of the text, so every place of a buffer's end, is longer by about a syllable than the one before."""
    last = 0.0
    for length in range(1, len(SENTENCE) + 1):
        now = seconds(SENTENCE[:length])
        assert 0.02 < now - last < 0.8, SENTENCE[:length]
        last = now


def test_full_width_digits_are_spoken_like_plain_ones() -> None:
    assert seconds("请拨１１９") == seconds("请拨119")


def test_a_control_character_does_not_end_the_text() -> None:
    assert seconds(f"你好\0{SENTENCE}") > seconds(SENTENCE)


@given(st.text(st.sampled_from("联动中 aZ9，。,.\n\0１Ａ：𠮷[?"), max_size=900))
def test_an_utterance_keeps_every_sign_and_pauses_in_time(text: str) -> None:
    said = utterance(text)
    table = str.maketrans("１Ａ\0\n", "1A  ")
    meant = [sign for sign in text.translate(table) if sign not in "，, "]
    assert [sign for sign in said if sign not in "，, "] == meant
    weight = 0
    for sign in said:
        weight = 0 if sign in "，。,.：?" else weight + (4 if sign >= "\u2e80" else 1)
        assert weight <= 480


@pytest.mark.parametrize("text", ["", "  ", "。", "🙂"])
def test_a_text_of_which_nothing_is_heard_is_an_error(text: str) -> None:
    with pytest.raises(SpeechError):
        speak(text, Language.ZH)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(SpeechError, match="nowhere"):
        installed().spoken("x", Voice("nowhere", 150))


def test_a_synthesiser_that_hangs_is_stopped_and_told() -> None:
    with pytest.raises(SpeechError, match=r"did not finish within 0\.3 s"):
        speak("x", Language.EN, synthesiser=child("import signal; signal.pause()"), timeout_s=0.3)


def test_a_synthesiser_that_dies_is_told_with_its_signal() -> None:
    with pytest.raises(SpeechError, match="died of signal 11"):
        speak("x", Language.EN, synthesiser=child("import os; os.kill(os.getpid(), 11)"))


def test_a_synthesiser_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(SpeechError, match="failed: 没有声音"):
        speak("x", Language.EN, synthesiser=child("import sys; sys.exit('没有声音')"))


@pytest.mark.parametrize("out", ["b''", "b'RIFF'", "b'x' * 5000"])
def test_a_synthesiser_that_writes_no_audio_is_told(out: str) -> None:
    with pytest.raises(SpeechError, match="gave no audio"):
        speak("x", Language.EN, synthesiser=child(f"import sys; sys.stdout.buffer.write({out})"))


def test_a_synthesiser_that_is_not_there_is_told() -> None:
    with pytest.raises(SpeechError, match="can't be run"):
        speak("x", Language.EN, synthesiser=Synthesiser(("/nowhere/espeak-ng",), ("-v", "-s"), "test"))


def test_the_whole_text_reaches_the_synthesiser_as_utf_8() -> None:
    """The child answers with the number of bytes that came, as the rate of a second of noise."""
    program = (
        "import sys, wave, os; n = len(sys.stdin.buffer.read()); w = wave.open(sys.stdout.buffer, 'wb');"
        "w.setparams((1, 2, n, n, 'NONE', '')); w.writeframes(os.urandom(2 * n)); w.close()"
    )
    text = "，".join([SENTENCE] * 2_000)
    assert child(program).spoken(text, VOICES[Language.ZH]).rate == len(text.encode()) == 71_997


def test_a_program_that_does_not_run_gives_way_to_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "espeak-ng"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    installed.cache_clear()
    try:
        assert installed().version.startswith("espeakng-loader ")
    finally:
        installed.cache_clear()


def test_the_machines_own_program_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "espeak-ng"
    own.write_text("#!/bin/sh\necho 'eSpeak NG text-to-speech: 1.51  Data at: /x'\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    installed.cache_clear()
    try:
        assert (installed().command[0], installed().version) == (str(own), "eSpeak NG text-to-speech: 1.51")
    finally:
        installed.cache_clear()


def test_no_other_file_of_ours_loads_the_library() -> None:
    """espeak-ng is under the GPL; only the child process may have it in its memory."""
    folder = Path(telephony.prompt.__path__[0])
    for path in folder.glob("*.py"):
        imported = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        }
        if path.name == "speak.py":
            assert imported <= {*sys.stdlib_module_names, "espeakng_loader"}
        else:
            assert not imported & {"espeakng_loader", "ctypes"}, path.name
    speak("你好", Language.ZH)
    assert "espeakng_loader" not in sys.modules
    assert "libespeak" not in Path("/proc/self/maps").read_text()

"""The prompts of a centre as Asterisk finds them."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import config.example
from config.centre import load
from config.field import Language, Wording
from config.problem import ConfigErrors
from telephony.prompt.error import BadRecording, SpeechError, StrayRecording
from telephony.prompt.render import Rendering, render
from telephony.prompt.settings import PromptSettings
from telephony.prompt.sound import active_dbfs
from telephony.prompt.speech import Synthesiser

TEXTS = {
    "waiting": Wording(zh="接警员正忙，请不要挂机。", en="All call-takers are busy. Please hold."),
    "thanks": Wording(zh="收到。", en="Understood."),
}
BOTH = (Language.ZH, Language.EN)


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    (tmp_path / "centre").mkdir()
    return tmp_path / "centre"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sounds"


def files(out: Path) -> set[str]:
    return {str(each.relative_to(out)) for each in out.rglob("*") if each.is_file()}


def record(centre: Path, name: str, samples: np.ndarray, rate: int = 44_100, subtype: str = "PCM_16") -> Path:
    path = centre / "prompts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype)
    return path


def tone(hertz: float, seconds: float = 1.0, rate: int = 44_100) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def dead(tmp_path: Path) -> Synthesiser:
    """A synthesiser that must not be asked."""
    return Synthesiser((sys.executable, "-c", "raise SystemExit('asked')"), ("-v", "-s"), "")


def test_every_prompt_is_there_in_every_language_at_both_rates_and_in_the_index(centre: Path, out: Path) -> None:
    rendering = render(centre, TEXTS, BOTH, out)
    assert (rendering.made, rendering.removed) == (4, 0)
    assert files(out) == {
        "prompts.json",
        *(f"{lang}/{name}.{form}" for lang in BOTH for name in TEXTS for form in ("wav", "wav16")),
    }
    index = json.loads((out / "prompts.json").read_bytes())
    assert index["schema_version"] == 1
    for told in index["prompts"]:
        assert told["synthetic"] is True
        assert told["text"] == TEXTS[told["id"]].said(Language(told["language"]))
        assert told["voice"] == {"zh": "espeak-ng cmn", "en": "espeak-ng en"}[told["language"]]
        for form, rate in (("wav16", 16_000), ("wav", 8_000)):
            path = out / told["language"] / f"{told['id']}.{form}"
            assert hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"][form]
            assert path.read_bytes()[36:40] == b"data", "a header of 44 bytes"
            samples, found = soundfile.read(path, dtype="float32")
            assert found == rate and samples.ndim == 1
            assert abs(len(samples) / rate - told["duration_ms"] / 1000) < 0.01
            assert active_dbfs(samples, rate) == pytest.approx(-20, abs=0.5)


def test_nothing_is_made_again_without_need(centre: Path, out: Path) -> None:
    first = render(centre, TEXTS, BOTH, out)
    stamps = {name: (out / name).stat().st_mtime_ns for name in files(out) if name != "prompts.json"}
    again = render(centre, TEXTS, BOTH, out)
    assert (again.made, again.removed, again.prompts) == (0, 0, first.prompts)
    assert {name: (out / name).stat().st_mtime_ns for name in stamps} == stamps


def made(before: Rendering, after: Rendering) -> set[tuple[str, str]]:
    """Which prompts are others now."""
    old = {(each.id, each.language): each for each in before.prompts}
    return {(each.id, each.language) for each in after.prompts if old.get((each.id, each.language)) != each}


def test_a_changed_text_is_said_anew_and_no_other(centre: Path, out: Path) -> None:
    first = render(centre, TEXTS, BOTH, out)
    changed = TEXTS | {"thanks": Wording(zh="收到，谢谢。", en="Understood.")}
    again = render(centre, changed, BOTH, out)
    assert again.made == 1 and made(first, again) == {("thanks", "zh")}


def test_a_damaged_or_missing_file_is_made_again(centre: Path, out: Path) -> None:
    first = render(centre, TEXTS, BOTH, out)
    whole = (out / "zh/waiting.wav").read_bytes()
    (out / "zh/waiting.wav").write_bytes(whole[:-100])
    (out / "en/thanks.wav16").unlink()
    again = render(centre, TEXTS, BOTH, out)
    assert again.made == 2 and again.prompts == first.prompts
    assert (out / "zh/waiting.wav").read_bytes() == whole


@pytest.mark.parametrize("index", [b"", b"{}", b'{"schema_version": 2, "prompts": []}', b"\xff\xfe"])
def test_an_index_that_is_no_index_makes_everything_anew(centre: Path, out: Path, index: bytes) -> None:
    render(centre, TEXTS, BOTH, out)
    (out / "prompts.json").write_bytes(index)
    assert render(centre, TEXTS, BOTH, out).made == 4


def test_another_version_of_the_synthesiser_says_everything_anew(centre: Path, out: Path) -> None:
    program = (
        "import sys, wave; w = wave.open(sys.stdout.buffer, 'wb'); w.setparams((1, 2, 16000, 0, 'NONE', ''));"
        "w.writeframes(bytes(range(1, 250)) * 100); w.close()"
    )
    command = (sys.executable, "-I", "-c", program)
    render(centre, TEXTS, BOTH, out, synthesiser=Synthesiser(command, ("-v", "-s"), "1"))
    assert render(centre, TEXTS, BOTH, out, synthesiser=Synthesiser(command, ("-v", "-s"), "1")).made == 0
    assert render(centre, TEXTS, BOTH, out, synthesiser=Synthesiser(command, ("-v", "-s"), "2")).made == 4


def test_what_belongs_to_no_prompt_goes_and_what_is_not_ours_stays(centre: Path, out: Path) -> None:
    render(centre, TEXTS, BOTH, out)
    for name in ("tone.wav", "zh/old.wav", "zh/old.wav16", "en/.waiting.wav.part", "zh/notes.txt"):
        (out / name).write_bytes(b"")
    rendering = render(centre, {"waiting": TEXTS["waiting"]}, (Language.ZH,), out)
    assert rendering.removed == 3 + 2 + 4
    assert files(out) == {"prompts.json", "tone.wav", "zh/notes.txt", "zh/waiting.wav", "zh/waiting.wav16"}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT"])
def test_a_recording_takes_the_synthesisers_place(
    centre: Path, out: Path, tmp_path: Path, channels: int, rate: int, subtype: str
) -> None:
    for language, hertz in (("zh", 500.0), ("en", 700.0)):
        wave = np.stack([tone(hertz, rate=rate)] * channels, axis=1)
        record(centre, f"{language}/thanks.wav", wave, rate, subtype)
    rendering = render(centre, {"thanks": TEXTS["thanks"]}, BOTH, out, synthesiser=dead(tmp_path))
    assert [each.synthetic for each in rendering.prompts] == [False, False]
    assert rendering.prompts[0].voice == "prompts/zh/thanks.wav"
    samples, _ = soundfile.read(out / "zh/thanks.wav16", dtype="float32")
    assert np.argmax(np.abs(np.fft.rfft(samples))) * 16_000 / len(samples) == pytest.approx(500, abs=1)


def test_a_recording_that_comes_changes_or_goes_is_noticed(centre: Path, out: Path) -> None:
    first = render(centre, TEXTS, BOTH, out)
    path = record(centre, "zh/thanks.wav", tone(500))
    second = render(centre, TEXTS, BOTH, out)
    assert made(first, second) == {("thanks", "zh")}
    record(centre, "zh/thanks.wav", tone(600))
    third = render(centre, TEXTS, BOTH, out)
    assert made(second, third) == {("thanks", "zh")}
    path.unlink()
    assert render(centre, TEXTS, BOTH, out).prompts == first.prompts


def broken(path: Path, how: str) -> None:
    if how == "garbage":
        path.write_bytes(b"\x00\xff" * 3_000)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no samples":
        soundfile.write(path, np.zeros(0), 8_000)
    elif how == "silent":
        soundfile.write(path, np.zeros(8_000), 8_000)
    elif how == "not a number":
        soundfile.write(path, np.full(8_000, np.nan), 8_000, "FLOAT")
    elif how == "too long":
        soundfile.write(path, np.full(8_000 * 301, 0.1), 8_000)
    elif how == "odd rate":
        soundfile.write(path, np.full(8_000, 0.1), 1_000)
    elif how == "a folder":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize(
    "how", ["garbage", "empty", "no samples", "silent", "not a number", "too long", "odd rate", "a folder"]
)
def test_a_broken_recording_is_named_and_leaves_what_was_there(centre: Path, out: Path, how: str) -> None:
    render(centre, TEXTS, BOTH, out)
    before = {name: (out / name).read_bytes() for name in files(out)}
    broken(record(centre, "zh/waiting.wav", tone(500)), how)
    with pytest.raises(BadRecording, match=r"prompts/zh/waiting\.wav: ") as caught:
        render(centre, TEXTS, BOTH, out)
    assert caught.value.code == "prompt_bad_recording"
    assert {name: (out / name).read_bytes() for name in files(out)} == before


def test_a_recording_of_no_prompt_is_named_with_what_was_meant(centre: Path, out: Path) -> None:
    record(centre, "zh/waitng.wav", tone(500))
    with pytest.raises(StrayRecording, match=r"waitng\.wav: no prompt has this id \(did you mean waiting\?\)"):
        render(centre, TEXTS, BOTH, out)
    assert not out.exists()


def test_a_synthesiser_that_fails_names_the_prompt(centre: Path, out: Path, tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"prompt waiting \(zh\): .* failed: asked"):
        render(centre, TEXTS, BOTH, out, synthesiser=dead(tmp_path))
    assert not (out / "prompts.json").exists()


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_half_written(centre: Path, out: Path) -> None:
    render(centre, TEXTS, BOTH, out)
    os.rename(out / "zh", out / "elsewhere")
    (out / "zh").write_text("in the way")
    with pytest.raises(OSError, match="zh"):
        render(centre, TEXTS, BOTH, out)
    assert not list(out.rglob("*.part"))


def test_the_examples_prompts_are_right() -> None:
    folder = Path(config.example.__path__[0])
    text = (folder / "prompts.yaml").read_text()
    texts = parsed(text).texts()
    assert list(texts) and all(each.zh in text and each.en in text for each in texts.values())


def parsed(text: str) -> PromptSettings:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "prompts.yaml").write_text(text)
        return load(Path(name), {"prompts": PromptSettings}).part(PromptSettings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("waiting:\n  zh: 请等\n", "prompts.yaml:2:3: waiting.en: this key is missing"),
        ("waiting:\n  zh: 请等\n  en: ''\n", "prompts.yaml:3:7: waiting.en: "),
        (
            "Waiting_:\n  zh: 请等\n  en: wait\n",
            "prompts.yaml:2:3: Waiting_: \"Waiting_\" can't be a prompt's id; allowed: up to 40 lower-case",
        ),
        ("waiting: 请等\n", "prompts.yaml:1:10: waiting: "),
        ("waiting:\n  zh: 请等\n  en: wait\n  fr: attendez\n", "prompts.yaml:4:3: waiting.fr: unknown key"),
    ],
)
def test_a_wrong_prompt_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parsed(text)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    "error", [BadRecording(Path("a.wav"), "silent"), StrayRecording(Path("b.wav"), "c"), SpeechError("died")]
)
def test_an_error_comes_whole_out_of_a_worker_process(error: Exception) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (type(error), str(error))

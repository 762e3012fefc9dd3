"""A real centre for tests: `liandong serve` as a process, on the example centre with free ports, and its telephones."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import yaml

import config.example
from liandong.beat import beat_file, read_beat
from liandong.lock import CHILDREN, Role, holder
from phones import BY_HAND, Phone, Policy
from tests.manager import WITHIN, Manager

EXAMPLE = Path(config.example.__path__[0])
TRUNK = "127.0.0.2"  # where the example centre's trunk calls from
START_S = 180
VERIFIED = r"recordings: \d+ ok, 0 damaged, 0 not finished yet\njournal: (none yet|\d+ facts ok[^\n]*)\n"
"""What `liandong verify` says when nothing is wrong; a centre that never had an engine has no journal."""

_CALLERS = count(1)


def write_centre(
    folder: Path,
    *,
    neighbour_port: int = 9,
    intake: Mapping[str, Any] | None = None,
    departments: Mapping[str, Any] | None = None,
    plans: Mapping[str, Mapping[str, Any]] | None = None,
    gis: Mapping[str, Any] | None = None,
    **telephony: Any,
) -> Path:
    """The whole example centre with free ports; what is given replaces keys of the files, mappings are merged.

    `telephony` needs no name. `plans` replaces all of them: each by its file's name without `.yaml`. The trunk, and so
    every department's number, leads to `neighbour_port` of `TRUNK`.
    """
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    ports = dict.fromkeys(("http", "sip_udp", "sip_tcp", "sip_ws", "agi", "ami", "rtp_start"), 0)
    (folder / "ports.yaml").write_text(yaml.safe_dump({"rtp_count": 1000, **ports}))
    trunks = yaml.safe_load((EXAMPLE / "telephony.yaml").read_text())["trunks"]
    trunks[0]["contact"] = f"{TRUNK}:{neighbour_port}"
    _change(folder / "telephony.yaml", {"trunks": trunks, **telephony})
    _change(folder / "intake.yaml", intake or {})
    _change(folder / "departments.yaml", departments or {})
    _change(folder / "gis.yaml", gis or {})
    if plans is not None:
        shutil.rmtree(folder / "plans")
        (folder / "plans").mkdir()
        for name, plan in plans.items():
            _write(folder / "plans" / f"{name}.yaml", plan)
    return folder


def _change(file: Path, keys: Mapping[str, Any]) -> None:
    settings = yaml.safe_load(file.read_text("utf-8"))
    for key, value in keys.items():
        settings[key] = settings.get(key, {}) | value if isinstance(value, Mapping) else value
    _write(file, settings)


def _write(file: Path, settings: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")


class Centre:
    """A running centre."""

    def __init__(self, config: Path, state: Path, disk: "SmallDisk | None" = None, *, engine: bool = False) -> None:
        self.config = config
        self.engine = engine
        """Whether it has an engine, or its dialplan distributes by itself."""
        self.state = state
        self._place = str(state)
        """The state folder as the command is told of it."""
        self._command = [sys.executable, "-m", "liandong.command"]
        if disk is not None:
            self._command = [*disk.enter, *self._command]
            self.state = disk.seen / state.relative_to(disk.folder)
        self.process: subprocess.Popen[bytes] | None = None
        self.told = ""
        """What `liandong serve` has printed until it served, each time."""
        self.manager: Manager
        self._phones: list[Phone] = []
        self._speakers: list[asyncio.Task[None]] = []

    # Its processes.

    def liandong(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        command = [*self._command, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)

    async def begin(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start the command; its output can be read, and it hears Ctrl-C, also of tests that run behind and do not."""
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    @property
    def serving(self) -> list[str]:
        """What is said to the command to serve this centre."""
        words = ["serve", "--config", str(self.config), "--state", self._place]
        return words if self.engine else [*words, "--without-engine"]

    async def serve(self) -> None:
        """Start `liandong serve` and wait until it has told that it serves."""
        with (self.state.parent / f"{self.state.name}.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - it forks and is done
                [*self._command, *self.serving],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        await asyncio.wait_for(asyncio.to_thread(self._told), START_S)

    def _told(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        while line := self.process.stdout.readline().decode():
            self.told += line
            if line.startswith("Serving."):
                return
        raise AssertionError(f"serve ended ({self.process.wait()}):\n{self.told}{self.log}")

    @property
    def log(self) -> str:
        """What `liandong serve` has said into its log."""
        return (self.state.parent / f"{self.state.name}.log").read_text()

    def last_words(self, lines: int = 12) -> str:
        """The ends of all our logs, for who has to find out why a test has failed."""
        logs = [self.state.parent / f"{self.state.name}.log", *sorted((self.state / "log").glob("*.log"))]
        ends = ((log.name, log.read_text(errors="replace").splitlines()[-lines:]) for log in logs if log.exists())
        return "\n".join(f"== {name}\n" + "\n".join(end) for name, end in ends if end)

    async def says(self, words: str) -> None:
        """Wait until `liandong serve` has said this into its log."""

        async def said() -> bool:
            return words in self.log

        await self.until(f"serve says: {words}", said, True)

    def pid_of(self, role: Role) -> int:
        """The process of one child; 0 while there is none."""
        return holder(self.state / "run", role) or 0

    def children(self) -> dict[Role, int]:
        """The process of every child that lives."""
        return {role: pid for role in CHILDREN if (pid := self.pid_of(role))}

    def signal(self, role: Role, number: signal.Signals) -> int:
        """Signal one child, such as SIGKILL, SIGSTOP or SIGCONT; returns its process number."""
        pid = self.pid_of(role)
        assert pid, f"there is no {role.child}"
        os.kill(pid, number)
        return pid

    async def replaced(self, role: Role, old: int, within: float = WITHIN) -> int:
        """Wait until this child is another process than `old`; returns its number."""

        async def other() -> bool:
            return self.pid_of(role) not in (0, old)

        await self.until(f"another {role.child} has come", other, True, within)
        return self.pid_of(role)

    async def beats(self, *roles: Role) -> None:
        """Wait until each of these children that live now has given a sign of life."""

        async def beaten() -> bool:
            seen = {role: read_beat(beat_file(self.state / "run", role)) for role in roles}
            return all(beat is not None and beat.pid == self.pid_of(role) for role, beat in seen.items())

        await self.until(f"{', '.join(role.child for role in roles)} live", beaten, True, within=30)

    def kill(self) -> None:
        """The supervisor dies; its children and Asterisk are not asked."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    async def listen(self) -> None:
        """Connect to the manager interface."""
        self.manager = await Manager.open(self.port("ami"), (self.state / "secrets" / "ami").read_text().strip())

    async def end(self) -> None:
        """Hang everything up and stop everything that was started."""
        for speaker in self._speakers:
            speaker.cancel()
        for phone in self._phones:
            phone.vanish()
        if hasattr(self, "manager"):
            await self.manager.close()
        stopped = self.liandong("stop", "--now", "--state", self._place)
        if self.process is not None:
            if self.process.poll() is None and stopped.returncode == 0:
                await asyncio.to_thread(self.process.wait, 30)
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
        for pid in self.children().values():  # the test has failed, or stop has
            os.kill(pid, signal.SIGKILL)
        assert "Traceback" not in stopped.stderr, stopped.stderr

    # What lies in its state directory.

    def port(self, key: str) -> int:
        ports: dict[str, int] = json.loads((self.state / "run" / "ports.json").read_text())
        return ports[key]

    @property
    def asterisk_pid(self) -> int:
        """Raises `FileNotFoundError` until Asterisk has written it."""
        written = (self.state / "run" / "asterisk.pid").read_text()
        if not written:
            raise FileNotFoundError("asterisk.pid is still empty")
        return int(written)

    @property
    def sip(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port("sip_udp"))

    def evidence(self) -> list[dict[str, Any]]:
        """The evidence of every finished recording."""
        files = sorted((self.state / "recordings").glob("[0-9]*/*/*/*.json"))
        return [json.loads(file.read_text()) for file in files]

    def raw(self) -> list[str]:
        """Ids of calls whose raw files still lie there."""
        return sorted(folder.name for folder in (self.state / "recordings" / "raw").iterdir())

    # Its telephones.

    async def seat(
        self, number: int, policy: Policy = BY_HAND, tone: int | None = None, *, free: bool = True, **more: Any
    ) -> Phone:
        """Register the telephone of one seat, and wait until Asterisk knows that it is there and is `free`.

        Where the net may ring it at once it is not free for long. With a tone it says that tone in every call that it
        answers.
        """
        name = f"seat-{number:02d}"
        secret = (self.state / "secrets" / name).read_text().strip()
        phone = Phone(self.sip, name, secret, policy=policy, **more)
        await phone.open()
        self._phones.append(phone)
        await phone.register()
        if free:
            await self.free(phone)
        if tone is not None:
            self._speakers.append(asyncio.create_task(_speak(phone, tone)))
        return phone

    async def caller(self, **more: Any) -> Phone:
        """A telephone behind the trunk."""
        phone = Phone(self.sip, f"1390000{next(_CALLERS):04d}", local=(TRUNK, 0), **more)
        await phone.open()
        self._phones.append(phone)
        return phone

    async def free(self, seat: Phone) -> None:
        """Wait until Asterisk knows that this seat can be rung."""
        await self.until(f"{seat.user} is free", lambda: self._state_of(seat.user), "NOT_INUSE")

    async def _state_of(self, seat: str) -> str:
        answer = await self.manager.ask("Getvar", Variable=f"DEVICE_STATE(PJSIP/{seat})")
        return answer.get("Value", "")  # an Asterisk that has just come may not know the function yet

    async def until(self, what: str, ask: Any, wanted: Any, within: float = WITHIN) -> None:
        """Ask again and again until the answer is the wanted one."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while (answer := await ask()) != wanted:
            assert loop.time() < deadline, f"not in {within} s: {what}; the last answer was {answer!r}"
            await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Wait until no channel is left and every ended call is a recording; then nothing may be left over."""
        await self.manager.silence()

        async def raw() -> list[str]:
            return self.raw()

        await self.until("all recordings are finished", raw, [], within=60)

    async def no_groups(self) -> None:
        """Wait until no channel is counted in a group: the count outlives the channel a moment."""

        async def counted() -> list[str]:
            return (await self.manager.command("group show channels")).splitlines()[-1:]

        await self.until("no channel is in a group", counted, ["0 active channels"])

    async def spotless(self) -> None:
        """Wait until it is quiet; then nothing may be left: no group, no open file, no file without an owner."""
        await self.quiet()
        await self.no_groups()
        recordings = str(self.state / "recordings")

        async def still_open() -> list[str]:
            return [file for file in open_files(self.asterisk_pid) if file.startswith(recordings)]

        await self.until("no file of a recording is open", still_open, [])
        verified = await asyncio.to_thread(self.liandong, "verify", "--state", str(self.state))
        assert re.fullmatch(VERIFIED, verified.stdout), verified.stdout
        assert (verified.returncode, verified.stderr) == (0, "")

    async def recording(self, caller: Phone) -> tuple[dict[str, Any], Path]:
        """The evidence and the folder of the one call of this caller, once it is finished."""
        begun = await self.manager.wait(
            lambda event: event.get("Event") == "Newchannel" and event["CallerIDNum"] == caller.user
        )

        async def found() -> list[Path]:
            return [*(self.state / "recordings").glob(f"[0-9]*/*/*/{begun['Uniqueid']}.json")]

        async def finished() -> bool:
            return bool(await found())

        await self.until(f"the call of {caller.user} is recorded", finished, True, within=30)
        (file,) = await found()
        return json.loads(file.read_text()), file.parent

    @property
    def phones(self) -> list[Phone]:
        """The telephones that are there."""
        return [*self._phones]

    async def hang_up(self, *phones: Phone) -> None:
        """Take these telephones away politely."""
        for phone in phones:
            await phone.close()
            self._phones.remove(phone)


def open_files(pid: int) -> list[str]:
    """What a process has open; what it closes in this moment is open no more."""
    files = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            files.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return files


async def _speak(phone: Phone, tone: int) -> None:
    while True:
        (await phone.incoming(within=3600)).play_tone(tone)


@dataclass
class SmallDisk:
    """A file system in memory that only the processes in its mount namespace see at `folder`; needs root."""

    folder: Path
    holder: subprocess.Popen[bytes]

    @property
    def seen(self) -> Path:
        """Its folder as everybody else can look into it."""
        return Path(f"/proc/{self.holder.pid}/root{self.folder}")

    @property
    def enter(self) -> list[str]:
        """What a command line begins with that runs inside."""
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt"]

    def fill(self) -> None:
        """Write until not one byte more can be written."""
        with (self.seen / "filler").open("ab", buffering=0) as filler, suppress(OSError):
            for size in (65536, 1):
                with suppress(OSError):
                    while True:
                        filler.write(bytes(size))

    def empty(self) -> None:
        """Take away what `fill` wrote."""
        (self.seen / "filler").unlink()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """A disk of this size at a folder, until the block ends."""
    folder.mkdir()
    mount = f"mount -t tmpfs -o size={size} tmpfs {folder} && echo mounted && exec cat"
    pipe = subprocess.PIPE
    with subprocess.Popen(["unshare", "--mount", "sh", "-c", mount], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mounted\n"
        yield SmallDisk(folder, holder)
        holder.stdin.close()


@asynccontextmanager
async def running_centre(
    folder: Path,
    sounds: Path | None = None,
    disk: SmallDisk | None = None,
    *,
    engine: bool = False,
    **telephony: Any,
) -> AsyncIterator[Centre]:
    """A centre that serves, until the block ends; `sounds` are prompts that were rendered before.

    Without an engine Asterisk and the worker are all that runs: the dialplan's net, alone.
    """
    place = folder if disk is None else disk.folder
    centre = Centre(write_centre(folder / "centre", **telephony), place / "v", disk, engine=engine)
    if sounds is not None:
        shutil.copytree(sounds, centre.state / "asterisk" / "sounds")
    try:
        await centre.serve()
        await centre.listen()
        yield centre
    except BaseException as error:
        error.add_note(centre.last_words())
        raise
    finally:
        await centre.end()

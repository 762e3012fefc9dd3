"""Ports: free ones found, taken ones named, and ports.json."""

import json
import os
import random
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path

import pytest

from config.centre import load
from config.holder import holder
from config.part import Part
from config.ports import FREE_PORTS, Ports, PortSettings, PortsTaken, choose_ports
from config.problem import ConfigErrors
from config.state import StateError

NONE_SET = PortSettings(http=0, sip_udp=0, sip_tcp=0, sip_ws=0, agi=0, ami=0, rtp_start=0, rtp_count=100)
GOOD = Ports(http=1, sip_udp=2, sip_tcp=3, sip_ws=4, agi=5, ami=6, rtp_start=10, rtp_end=19)


def listening(kind: int = socket.SOCK_STREAM, address: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    held = socket.socket(family, kind)
    held.bind((address, 0))
    if kind == socket.SOCK_STREAM:
        held.listen()
    return held


def port_of(held: socket.socket) -> int:
    port: int = held.getsockname()[1]
    return port


def me() -> str:
    comm = Path("/proc/self/comm").read_text().strip()
    return f"{comm} (process {os.getpid()})"


def chosen(chance: random.Random | None = None, **changes: object) -> Ports:
    return choose_ports(NONE_SET.model_copy(update=changes), chance)


def taken(bind: str = "127.0.0.1", **changes: object) -> list[str]:
    with pytest.raises(PortsTaken) as caught:
        choose_ports(NONE_SET.model_copy(update={**changes, "bind": bind}))
    assert caught.value.code == "ports_taken"
    return str(caught.value).split("\n")


def test_zero_finds_free_ports_that_are_all_different() -> None:
    ports = chosen()
    tcp = {ports.http, ports.sip_tcp, ports.sip_ws, ports.agi, ports.ami}
    assert len(tcp) == 5
    assert ports.sip_udp not in range(ports.rtp_start, ports.rtp_end + 1)
    assert ports.rtp_start % 2 == 0
    assert ports.rtp_end - ports.rtp_start + 1 == 100
    assert all(port in FREE_PORTS for port in astuple(ports))


def test_what_listens_is_never_where_the_audio_of_another_centre_may_come() -> None:
    centres = [chosen() for _ in range(20)]
    listening_at = {port for each in centres for port in (each.sip_udp, each.http, each.ami)}
    audio = {port for each in centres for port in range(each.rtp_start, each.rtp_end + 1)}
    assert not listening_at & audio


def test_a_port_that_is_set_is_kept() -> None:
    free = chosen()
    sip, http = free.sip_tcp, free.http
    ports = chosen(http=http, sip_udp=sip, sip_tcp=sip)
    assert (ports.http, ports.sip_udp, ports.sip_tcp) == (http, sip, sip)


def test_a_free_port_is_not_one_that_another_key_has_set() -> None:
    class First(random.Random):
        """Always offers the same ports in the same order."""

        def sample(self, population, k, *, counts=None):  # type: ignore[no-untyped-def]
            return list(population[:k])

        def choice(self, seq):  # type: ignore[no-untyped-def]
            return seq[-1]

    free = chosen(First())
    again = chosen(First(), ami=free.http)
    assert again.ami == free.http
    assert again.http != again.ami


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_told_with_its_key_and_who_holds_it(address: str) -> None:
    with listening(address=address) as tcp, listening(socket.SOCK_DGRAM, address) as udp:
        a, b = port_of(tcp), port_of(udp)
        told = taken(sip_tcp=a, sip_udp=b)
    assert sorted(told) == [
        f"sip_tcp: TCP port {a} on 127.0.0.1 is taken by {me()}",
        f"sip_udp: UDP port {b} on 127.0.0.1 is taken by {me()}",
    ]


def test_all_ports_that_cannot_be_had_are_told_at_once() -> None:
    with listening() as one, listening() as two:
        told = taken(http=port_of(one), ami=port_of(two))
    assert [line.split(":")[0] for line in told] == ["http", "ami"]


def test_the_holder_is_found_in_another_process() -> None:
    script = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        port = int(process.stdout.readline())
        told = holder("TCP", "127.0.0.1", port)
        process.stdin.close()
    assert told is not None
    assert told.endswith(f"(process {process.pid})")
    assert holder("TCP", "127.0.0.1", port) is None


def test_the_holder_on_another_address_is_not_blamed() -> None:
    with listening(address="127.0.0.2") as held:
        assert holder("TCP", "127.0.0.1", port_of(held)) is None
        assert holder("TCP", "127.0.0.2", port_of(held)) == me()
        assert holder("UDP", "127.0.0.2", port_of(held)) is None


def test_ipv6_is_checked_and_told_too() -> None:
    with listening(address="::1") as held:
        port = port_of(held)
        assert taken(bind="::1", agi=port) == [f"agi: TCP port {port} on ::1 is taken by {me()}"]


def test_an_address_of_another_machine_is_told() -> None:
    told = taken(bind="192.0.2.1")
    assert told == [
        "bind: 192.0.2.1 is no address of this machine on which it can listen (Cannot assign requested address)"
    ]


def test_a_block_for_audio_that_is_mostly_taken_is_refused_and_one_with_a_hole_is_not() -> None:
    start = chosen().rtp_start
    with ExitStack() as stack:
        for port in range(start, start + 10):
            held = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            held.bind(("127.0.0.1", port))
        assert chosen(rtp_start=start).rtp_start == start
        held = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        held.bind(("127.0.0.1", start + 10))
        told = taken(rtp_start=start)
        assert told == [f"rtp_start: 11 of the 100 UDP ports are taken, the first is {start}"]


def test_a_connection_of_yesterday_does_not_hold_a_port() -> None:
    port = chosen().http
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        accepted, _ = server.accept()
        accepted.close()  # the server's side closes first, so its port lingers in TIME_WAIT
        assert client.recv(1) == b""
    assert chosen(http=port).http == port


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http: 5038", "ports.yaml:1:1: ami: TCP port 5038 is http's already"),
        ("ami: 80\nagi: 80", "ports.yaml:1:6: ami: TCP port 80 is agi's already"),
        ("rtp_start: 10001", "ports.yaml:1:12: rtp_start: got 10001; allowed: an even port, for RTP, 0"),
        ("rtp_start: 65000", "ports.yaml:1:12: rtp_start: 2000 ports from 65000 end beyond 65535"),
        ("sip_udp: 10500", "ports.yaml:1:10: sip_udp: UDP port 10500 lies in the audio's block 10000–11999"),
        ("rtp_count: 2", "ports.yaml:1:12: rtp_count: got 2; allowed: a whole number from 4 to 40000"),
    ],
)
def test_ports_that_contradict_each_other_are_told_in_the_file(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "ports.yaml").write_text(text)
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path, {"ports": PortSettings})
    assert str(caught.value) == told


class Lines(Part):
    ports: PortSettings = PortSettings()


def test_ports_inside_another_part_are_checked_and_told_at_their_line_too(tmp_path: Path) -> None:
    (tmp_path / "lines.yaml").write_text("ports:\n  ami: 80\n  agi: 80\n")
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path, {"lines": Lines})
    assert str(caught.value) == "lines.yaml:2:8: ports.ami: TCP port 80 is agi's already"


def test_a_taken_port_can_be_told_at_its_line_in_the_file(tmp_path: Path) -> None:
    with listening() as held:
        port = port_of(held)
        others = ", ".join(f"{key}: 0" for key in ("sip_udp", "sip_tcp", "sip_ws", "agi", "ami", "rtp_start"))
        (tmp_path / "lines.yaml").write_text(f"ports:\n  {{http: {port}, {others}}}\n")
        centre = load(tmp_path, {"lines": Lines})
        with pytest.raises(PortsTaken) as caught:
            choose_ports(centre.part(Lines).ports)
    (refused,) = caught.value.refused
    told = f"TCP port {port} on 127.0.0.1 is taken by {me()}; allowed: a free port, 0 to choose one"
    assert str(centre.problem(Lines, refused.under("ports"))) == f"lines.yaml:2:10: ports.http: {told}"


def test_sip_may_have_one_number_over_tcp_and_udp() -> None:
    assert PortSettings().sip_udp == PortSettings().sip_tcp
    assert list(PortSettings().complaints()) == []


def test_ports_json_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    GOOD.write(tmp_path)
    assert Ports.read(tmp_path) == GOOD
    assert list(json.loads((tmp_path / "ports.json").read_text())) == [
        *("http", "sip_udp", "sip_tcp", "sip_ws", "agi", "ami", "rtp_start", "rtp_end")
    ]


def test_no_ports_json_means_that_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(StateError) as caught:
        Ports.read(tmp_path)
    assert caught.value.code == "ports_missing"
    assert str(caught.value) == f"{tmp_path}/ports.json: is not there; the centre is not running"


@pytest.mark.parametrize("data", ["", "{", "[]", "{}", '{"http": 1}', "null", "\xff", "[" * 100_000])
def test_a_damaged_ports_json_is_told(tmp_path: Path, data: str) -> None:
    (tmp_path / "ports.json").write_bytes(data.encode("latin-1"))
    with pytest.raises(StateError) as caught:
        Ports.read(tmp_path)
    assert caught.value.code == "ports_broken"


@pytest.mark.parametrize("value", [0, 65536, True, "1", None, 1.0])
def test_a_ports_json_with_an_impossible_port_is_told(tmp_path: Path, value: object) -> None:
    GOOD.write(tmp_path)
    data = json.loads((tmp_path / "ports.json").read_text()) | {"ami": value}
    (tmp_path / "ports.json").write_text(json.dumps(data))
    with pytest.raises(StateError) as caught:
        Ports.read(tmp_path)
    assert caught.value.code == "ports_broken"

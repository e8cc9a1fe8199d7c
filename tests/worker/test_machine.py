"""A Worker's findings on its machine, by programs that really run, and its report of them."""

import os
import signal
import sys
from contextlib import suppress

import attrs
import httpx
import psutil
import pytest
import trio

from flamenco.config.worker import WorkerConfig
from flamenco.model.specs import Gpu, Software, Specs
from flamenco.model.statuses import WorkerStatus
from flamenco.protocol import StateChanged
from tests.patience import PATIENCE
from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from worker import asking
from worker import machine as machines
from worker.machine import Machine
from worker.probes import PROBES, Found, Probe, read_blender

CARDS = "NVIDIA RTX 4090, 24564, 560.35.03\nNVIDIA GB10, [N/A], 580.1\n"
ROCM = """WARNING: AMD GPU device(s) is/are in a low-power state

{"card0": {"Card Series": "Radeon RX 7900", "VRAM Total Memory (B)": "25753026560"},
 "system": {"Driver version": "6.8"}}
"""
MAC = """{"SPDisplaysDataType": [
 {"sppci_model": "Apple M3", "spdisplays_mtlgpufamilysupport": "spdisplays_metal3"},
 {"sppci_model": "Radeon Pro", "spdisplays_mtlgpufamilysupport": "x", "spdisplays_vram": "8 GB"},
 {"sppci_model": "GeForce 7300"}]}
"""
WINDOWS = """[
 {"Name": "AMD Radeon RX 7900 XTX", "AdapterRAM": 4293918720, "DriverVersion": "31.0.24027.1"},
 {"Name": "Intel(R) Arc(TM) A380 Graphics", "AdapterRAM": 2147483648, "DriverVersion": "32.0"},
 {"Name": "NVIDIA GeForce RTX 4090", "AdapterRAM": 4293918720, "DriverVersion": "32.0"},
 {"Name": "Microsoft Basic Display Adapter", "AdapterRAM": null, "DriverVersion": "10.0"}]
"""
HOST_MIB = psutil.virtual_memory().total // 1024**2


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder that is the whole PATH; call it to put a program there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, output="", status=0, then=""):
        text = f"import sys, time; sys.stdout.write({output!r}); {then or 'pass'}"
        file = folder / name
        file.write_text(f"#!{sys.executable} -IS\n{text}\nsys.exit({status})\n")
        file.chmod(0o755)

    return put


@pytest.fixture
def settings(tmp_path):
    return WorkerConfig(name="a", manager_url="http://127.0.0.1:9/", home=tmp_path)


async def found(settings, probes=tuple(each for each in PROBES if each.name != "FFmpeg")):
    machine = Machine(settings, probes, {}, httpx.AsyncClient())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.find)
        await machine.wait_until_known()
        nursery.cancel_scope.cancel()
    return machine.specs


def answers(name, output):
    """A program of which only the answer matters."""
    (probe,) = [each for each in PROBES if each.name == name]
    return probe.read(output)


async def test_memory_and_processors_are_measured(settings):
    assert await found(settings, probes=()) == Specs(
        memory_mib=HOST_MIB, cores=len(os.sched_getaffinity(0)), platform="linux"
    )


async def test_programs_are_asked_for_gpus_and_versions(settings, shelf):
    shelf("nvidia-smi", CARDS)
    shelf("rocm-smi", ROCM)
    shelf("blender", "Color management: using fallback\nBlender 4.2.1 LTS\n")
    specs = await found(settings)
    assert specs.gpus == (
        Gpu("cuda", "NVIDIA RTX 4090", 24564, "560.35.03"),
        Gpu("optix", "NVIDIA RTX 4090", 24564, "560.35.03"),
        Gpu("cuda", "NVIDIA GB10", 0, "580.1"),
        Gpu("optix", "NVIDIA GB10", 0, "580.1"),
        Gpu("hip", "Radeon RX 7900", 24560, "6.8"),
    )
    assert specs.software == (Software("Blender", "4.2.1"),)


@pytest.mark.parametrize(
    "misbehaviour",
    [
        {"output": CARDS, "status": 9},
        {"output": "NVIDIA-SMI has failed", "status": 0},
        pytest.param({"output": CARDS, "then": "time.sleep(3600)"}, marks=pytest.mark.slow),
        {"output": "x" * 2_000_000},
        {"output": '{"card0": {"card series": "' + "x" * 40_000 + '"}}'},
        {"output": '{"card0": {"card series": "x"}, "system": {"Driver version": "\\ud800"}}'},
    ],
)
async def test_a_program_that_fails_costs_only_its_own_answer(
    settings, shelf, monkeypatch, misbehaviour
):
    monkeypatch.setattr(asking, "LIMIT_SECONDS", 3.0)
    shelf("rocm-smi", **misbehaviour)
    shelf("blender", "Blender 4.2.1")
    specs = await found(settings)
    assert specs.gpus == ()
    assert specs.software == (Software("Blender", "4.2.1"),)


async def test_the_configuration_overrules_what_is_found(settings, shelf):
    shelf("nvidia-smi", CARDS)
    shelf("blender", "Blender 4.2.1")
    told = attrs.evolve(
        settings,
        memory_mib=1000,
        cores=1,
        gpus=(),
        software=(Software("blender", "5.0"), Software("houdini", "20.5")),
        capabilities=("Licence-X",),
    )
    assert await found(told) == Specs(
        memory_mib=1000,
        cores=1,
        platform="linux",
        software=told.software,
        capabilities=("licence-x",),
    )


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("Blender 3.4.1\n\tbuild date: 2022", "3.4.1"),
        ("Blender 5.0.0 Alpha", "5.0.0a0"),
        ("Blender 4.5.0 Release Candidate", "4.5.0rc0"),
        ("Blender from our branch", ""),
    ],
)
def test_versions_of_blender(line, version):
    assert read_blender(line).software == (Software("Blender", version),)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright (c)", "5.1.9"),
        ("ffmpeg version n7.1 Copyright", "7.1"),
        ("ffmpeg version 2024-05-06-git-96449cfeae-full_build", ""),
        ("ffmpeg version N-115000-g1234567", ""),
    ],
)
def test_versions_of_ffmpeg(line, version):
    assert answers("FFmpeg", line).software == (Software("FFmpeg", version),)


def test_macs_tell_their_gpus():
    assert answers("system_profiler", MAC).gpus == (
        Gpu("metal", "Apple M3", HOST_MIB),
        Gpu("metal", "Radeon Pro", 8192),
    )


def test_windows_tells_the_gpus_of_amd_and_intel():
    assert answers("powershell", WINDOWS).gpus == (
        Gpu("hip", "AMD Radeon RX 7900 XTX", 0, "31.0.24027.1"),
        Gpu("oneapi", "Intel(R) Arc(TM) A380 Graphics", 2048, "32.0"),
    )
    one = '{"Name": "AMD Radeon Pro W7900", "AdapterRAM": null, "DriverVersion": null}'
    assert answers("powershell", one).gpus == (Gpu("hip", "AMD Radeon Pro W7900"),)


@pytest.mark.parametrize("output", ["", "none", "[1]", '{"a": 1}', '{"card0": {}}', "a\nb"])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_an_answer_that_makes_no_sense_is_no_crash(probe, output):
    with suppress(ValueError, LookupError):
        assert isinstance(probe.read(output), Found)


class TestSignOn:
    """The hello of a Worker, while its programs answer or don't."""

    @pytest.fixture
    def gate(self, tmp_path, monkeypatch):
        """Blender answers when the test opens the gate, and the Worker waits for that."""
        monkeypatch.setattr(machines, "PATIENCE_SECONDS", PATIENCE)
        path = tmp_path / "gate"
        os.mkfifo(path)
        probe = Probe(name="Blender", command=lambda: ["cat", str(path)], read=read_blender)
        monkeypatch.setattr("worker.main.PROBES", (probe,))

        async def open_gate(answer):
            with trio.fail_after(PATIENCE):
                await trio.to_thread.run_sync(path.write_text, answer, abandon_on_cancel=True)

        return open_gate

    async def test_hello_tells_what_the_machine_has(self, manager, config, gate):
        async with running_worker(attrs.evolve(config, capabilities=("scratch",))):
            await gate("Blender 4.2.1")
            specs = (await manager.session()).hello.specs
        assert specs.software == (Software("Blender", "4.2.1"),)
        assert specs.capabilities == ("scratch",)
        assert specs.memory_mib == HOST_MIB

    async def test_a_slow_program_delays_no_sign_on_and_is_told_of_later(
        self, manager, config, gate, monkeypatch
    ):
        monkeypatch.setattr(machines, "PATIENCE_SECONDS", 0.1)
        async with running_worker(config):
            session = await manager.session()
            assert session.hello.specs.software == ()
            await session.wake()
            await gate("Blender 4.2.1")
            again = await manager.session()
            assert again.hello.specs.software == (Software("Blender", "4.2.1"),)
            await again.welcome()
            assert await again.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)

    async def test_what_changes_is_told_when_the_worker_wakes_up(self, manager, config, gate):
        async with running_worker(config):
            await gate("Blender 4.2.1")
            session = await manager.session()
            await session.welcome(WorkerStatus.ASLEEP)
            await session.next(StateChanged)
            await session.ask(WorkerStatus.AWAKE)
            await session.next(StateChanged)
            await gate("Blender 4.5.0")
            specs = (await manager.session()).hello.specs
        assert specs.software == (Software("Blender", "4.5.0"),)

    @pytest.mark.skipif(sys.stdin.isatty(), reason="at a terminal it stops the Worker")
    async def test_what_changes_is_told_after_sighup(self, manager, config, gate):
        async with running_worker(config):
            await gate("Blender 4.2.1")
            await (await manager.session()).wake()
            os.kill(os.getpid(), signal.SIGHUP)
            await gate("Blender 4.5.0")
            specs = (await manager.session()).hello.specs
        assert specs.software == (Software("Blender", "4.5.0"),)

    async def test_what_a_task_missed_is_looked_for(self, manager, config, gate):
        async with running_worker(config):
            await gate("Blender 4.2.1")
            session = await manager.session()
            await session.wake()
            await session.send(task(("exec", {"exe": "no-such-program"})))
            await session.outcome()
            await gate("it is gone")
            specs = (await manager.session()).hello.specs
        assert specs.software == (Software("Blender", ""),)

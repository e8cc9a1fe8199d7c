"""Programs that are asked about a machine's equipment, and the reading of their answers.

GPUs are listed under the kinds of Cycles devices that their vendor's driver supports. There is no
program to ask for oneAPI: it has to be configured.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec
import psutil

from flamenco.model.specs import Gpu, Software
from flamenco.pictures.ffmpeg import find_ffmpeg
from worker.commands.blender_render import find_blender

MIB = 1024 * 1024

_BLENDER = re.compile(r"^Blender (\d+(?:\.\d+)*)(?: (Alpha|Beta|Release Candidate))?", re.MULTILINE)
_STAGES = {"Alpha": "a0", "Beta": "b0", "Release Candidate": "rc0"}
_FFMPEG = re.compile(r"^ffmpeg version n?(\d+\.\d+(?:\.\d+)*)", re.MULTILINE)
_WINDOWS_KINDS = {
    "hip": re.compile(r"\bRadeon (RX|Pro)\b"),
    "oneapi": re.compile(r"\bIntel\b.*\bArc\b"),
}
"""{kind of GPU: names of the cards that Cycles can use as that kind}."""
_WINDOWS_MOST_MIB = 4000
_WINDOWS_QUERY = (
    "Get-CimInstance Win32_VideoController"
    " | Select-Object Name, AdapterRAM, DriverVersion | ConvertTo-Json"
)
_MAC_MEMORY = re.compile(r"(\d+) (MB|GB)")


@attrs.frozen(kw_only=True)
class Found:
    """The content of an answer."""

    gpus: tuple[Gpu, ...] = ()
    software: tuple[Software, ...] = ()


@attrs.frozen(kw_only=True)
class Probe:
    """A program to ask."""

    name: str
    command: Callable[[], list[str]]
    """Function that finds its command line, which may read the disk."""
    read: Callable[[str], Found]
    """Function that reads its output; raises ValueError or LookupError if it can't."""
    finds_gpus: bool = False
    platform: str = ""
    """Only platform with this program, as in `sys.platform`; empty: it may be on any."""


def read_blender(output: str) -> Found:
    """Blender's version, as PEP 440 writes it: `5.0.0a0` for an alpha."""
    match = _BLENDER.search(output)
    version = match[1] + _STAGES.get(match[2], "") if match else ""
    return Found(software=(Software("Blender", version),))


def read_ffmpeg(output: str) -> Found:
    """FFmpeg's version without a distribution's suffix; empty for a build between releases."""
    match = _FFMPEG.search(output)
    return Found(software=(Software("FFmpeg", match[1] if match else ""),))


def read_nvidia(output: str) -> Found:
    """NVIDIA's cards, from a line each: name, MiB of memory, version of the driver."""
    gpus = []
    for line in filter(None, map(str.strip, output.splitlines())):
        name, memory, driver = (word.strip() for word in line.rsplit(",", 2))
        gpus += [Gpu(kind, name, whole(memory), driver) for kind in ("cuda", "optix")]
    return Found(gpus=tuple(gpus))


def read_rocm(output: str) -> Found:
    """AMD's cards, from an entry each, and the driver. Warnings may precede the JSON."""
    cards = msgspec.json.decode(output[output.index("{") :], type=dict[str, Any])
    system = cards.get("system")
    driver = str(system.get("Driver version", "")) if isinstance(system, dict) else ""
    return Found(
        gpus=tuple(
            _rocm_card({key.lower(): value for key, value in card.items()}, driver)
            for name, card in cards.items()
            if name.startswith("card") and isinstance(card, dict)
        )
    )


def _rocm_card(card: Mapping[str, object], driver: str) -> Gpu:
    name = card.get("card series") or card.get("card model") or "AMD GPU"
    return Gpu("hip", str(name), whole(card.get("vram total memory (b)")) // MIB, driver)


def read_mac(output: str) -> Found:
    """A Mac's GPUs. Those without memory of their own share the machine's."""
    answer = msgspec.json.decode(output, type=dict[str, list[dict[str, Any]]])
    return Found(
        gpus=tuple(
            Gpu("metal", str(card.get("sppci_model", "GPU")), _mac_memory(card))
            for card in answer["SPDisplaysDataType"]
            if "spdisplays_mtlgpufamilysupport" in card
        )
    )


def _mac_memory(card: Mapping[str, object]) -> int:
    match = _MAC_MEMORY.fullmatch(str(card.get("spdisplays_vram")))
    if match is None:
        return int(psutil.virtual_memory().total) // MIB
    return int(match[1]) * (1024 if match[2] == "GB" else 1)


def read_windows(output: str) -> Found:
    """AMD's and Intel's cards that Windows lists, one or several; NVIDIA's own program tells more.

    Windows tells their memory in 32 bits: for more it says 4 GiB or a little less, or nothing, so
    these values count as unknown.
    """
    cards = msgspec.json.decode(output, type=dict[str, Any] | list[dict[str, Any]])
    listed = cards if isinstance(cards, list) else [cards]
    return Found(gpus=tuple(gpu for card in listed for gpu in _windows_card(card)))


def _windows_card(card: Mapping[str, object]) -> list[Gpu]:
    name, memory = str(card.get("Name") or ""), whole(card.get("AdapterRAM")) // MIB
    driver = str(card.get("DriverVersion") or "")
    return [
        Gpu(kind, name, memory if memory < _WINDOWS_MOST_MIB else 0, driver)
        for kind, known in _WINDOWS_KINDS.items()
        if known.search(name)
    ]


def whole(value: object) -> int:
    """A whole number from a text; 0, which means unknown, if it is not one."""
    text = str(value).strip()
    return int(text) if text.isdecimal() and len(text) < 19 else 0


PROBES = (
    Probe(
        name="nvidia-smi",
        command=lambda: [
            "nvidia-smi",
            "--query-gpu=name,memory.total,driver_version",
            "--format=csv,noheader,nounits",
        ],
        read=read_nvidia,
        finds_gpus=True,
    ),
    Probe(
        name="rocm-smi",
        command=lambda: [
            "rocm-smi",
            "--showproductname",
            "--showmeminfo",
            "vram",
            "--showdriverversion",
            "--json",
        ],
        read=read_rocm,
        finds_gpus=True,
    ),
    Probe(
        name="system_profiler",
        command=lambda: ["system_profiler", "-json", "SPDisplaysDataType"],
        read=read_mac,
        finds_gpus=True,
        platform="darwin",
    ),
    Probe(
        name="powershell",
        command=lambda: [
            "powershell",
            "-NoProfile",
            "-NonInteractive",
            "-Command",
            _WINDOWS_QUERY,
        ],
        read=read_windows,
        finds_gpus=True,
        platform="win32",
    ),
    Probe(
        name="Blender",
        command=lambda: [find_blender("blender"), "--version"],
        read=read_blender,
    ),
    Probe(
        name="FFmpeg",
        command=lambda: [find_ffmpeg("ffmpeg"), "-version"],
        read=read_ffmpeg,
    ),
)

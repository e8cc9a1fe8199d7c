"""Equipment of a worker's machine, requirements of a job, and the difference.

Both are hashable and have a canonical form (kinds, platforms and capabilities in lower case, the
latter sorted), so that equal ones compare equal and workers or tasks can be grouped by them. This
is done after ``__init__``, not by converters, which msgspec bypasses.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import attrs
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from flamenco.model.bounds import Count, Few, Line, Prose, Word

ENOUGH_PERCENT = 93
"""Percentage of the required memory that suffices. A machine shows less than it is sold with, since
firmware, kernel and error correction take their share: an NVIDIA A10 "with 24 GiB" shows
23,028 MiB, 93.7 %."""

ANY_GPU = "any"
"""GPU kind that stands for any of them."""

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_LONGEST = 1000
"""Maximum characters of a version or specifier; Python reads no number over 4,300 digits."""
_GIB = 1024


def _settle(instance: object, **values: object) -> None:
    """Give a frozen instance its canonical values while it is being created."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def _word(text: str) -> str:
    return text.strip().lower()


def _words(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_word(text) for text in texts} - {""}))


def _joined(text: str) -> str:
    return "+".join(_words(text.split("+")))


@attrs.frozen
class Gpu:
    """A graphics card, under one of the kinds of device that it can be used as.

    A card that supports CUDA and OptiX is two of these.
    """

    kind: Word
    """Cycles' name of the kind: cuda, optix, hip, oneapi, metal."""
    name: Line = ""
    memory_mib: Count = 0
    """0 if it is not known."""
    driver: Line = ""
    """Version of its driver; empty if it is not known."""

    def __attrs_post_init__(self) -> None:
        _settle(self, kind=_word(self.kind))


@attrs.frozen
class Software:
    """A program and its version, or a condition on its version; case does not matter."""

    name: Line
    version: Line = ""

    def __attrs_post_init__(self) -> None:
        _settle(self, name=self.name.strip(), version=self.version.strip())


@attrs.frozen
class Withheld:
    """A task type that a worker does not take for the time being, and the reason."""

    task_type: Word
    reason: Prose


@attrs.frozen
class Finding:
    """The outcome of a check that a worker can do the work of a task type, which it passed."""

    task_type: Word
    found: Prose


@attrs.frozen(kw_only=True)
class Specs:
    """Equipment of a worker. An unknown value is 0 or empty, and satisfies no requirement."""

    memory_mib: Count = 0
    cores: Count = 0
    """Number of logical processors, as the system counts them."""
    gpus: Few[Gpu] = ()
    platform: Word = ""
    software: Few[Software] = ()
    """Installed programs; one may appear in several versions."""
    capabilities: Few[Word] = ()
    withheld: Few[Withheld] = ()
    """Task types of its configuration that it does not offer, since it found that it can't."""
    checks: Few[Finding] = ()
    """Findings of the checks that it passed."""

    def __attrs_post_init__(self) -> None:
        _settle(self, platform=_word(self.platform), capabilities=_words(self.capabilities))


def _merged(software: Iterable[Software]) -> tuple[Software, ...]:
    """One entry for each program, with all conditions on its version."""
    names: dict[str, str] = {}
    conditions: dict[str, dict[str, None]] = {}
    for each in software:
        key = each.name.casefold()
        names.setdefault(key, each.name)
        parts = (part.strip() for part in each.version.split(","))
        conditions.setdefault(key, {}).update(dict.fromkeys(part for part in parts if part))
    return tuple(Software(names[key], ",".join(conditions[key])) for key in sorted(names))


@attrs.frozen(kw_only=True)
class Requirements:
    """Requirements of a job or a task type for a worker. A default instance has none.

    Raises ValueError, with a sentence, for an amount below 0 and for an invalid version specifier.
    """

    memory_mib: Count = 0
    cores: Count = 0
    gpu_kind: Line = ""
    """Kind as in `Gpu`, or `any`; several kinds joined by `+` are all needed."""
    gpu_memory_mib: Count = 0
    """Memory of one card in MiB; without a kind, of any card."""
    platform: Line = ""
    """linux, windows or darwin. Two of them joined by `+` can't be satisfied."""
    software: Few[Software] = ()
    """Programs, with version specifiers such as `>=4.2,<5` (PEP 440), or empty for any version."""
    capabilities: Few[Word] = ()

    def __attrs_post_init__(self) -> None:
        _settle(
            self,
            gpu_kind=_joined(self.gpu_kind),
            platform=_joined(self.platform),
            software=_merged(self.software),
            capabilities=_words(self.capabilities),
        )
        for name in ("memory_mib", "cores", "gpu_memory_mib"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected 0 or more, not {getattr(self, name)}")
        for each in self.software:
            _check(each)


NOTHING = Requirements()


def _check(wanted: Software) -> None:
    if not wanted.name:
        raise ValueError("software: expected the name of a program, not an empty one")
    if not _is_specifier(wanted.version):
        raise ValueError(
            f"software {wanted.name}: expected a version specifier such as '>=4.2,<5',"
            f" not {wanted.version[:_LONGEST]!r}"
        )


def _is_specifier(text: str) -> bool:
    try:
        return len(text) <= _LONGEST and _specifier(text) is not None
    except InvalidSpecifier:
        return False


def combined(job: Requirements, task_type: Requirements) -> Requirements:
    """The stricter of both in every respect: a worker that fits it fits each of the two.

    What both ask of a program's version may be longer together than it may be in either.
    """
    if task_type == NOTHING:
        return job
    if job == NOTHING:
        return task_type
    both = Requirements()
    _settle(
        both,
        memory_mib=max(job.memory_mib, task_type.memory_mib),
        cores=max(job.cores, task_type.cores),
        gpu_kind=_joined(f"{job.gpu_kind}+{task_type.gpu_kind}"),
        gpu_memory_mib=max(job.gpu_memory_mib, task_type.gpu_memory_mib),
        platform=_joined(f"{job.platform}+{task_type.platform}"),
        software=_merged(job.software + task_type.software),
        capabilities=_words(job.capabilities + task_type.capabilities),
    )
    return both


def missing(specs: Specs, requirements: Requirements) -> tuple[str, ...]:
    """Missing equipment in short phrases such as "64 GiB of memory (has 32)"; empty if it fits.

    A version that can't be parsed satisfies no specifier.
    """
    if requirements == NOTHING:
        return ()
    lacks = [
        *_missing_size(specs, requirements),
        *_missing_gpus(specs, requirements),
        *_missing_platform(specs, requirements),
    ]
    for wanted in requirements.software:
        lacks += _missing_software(specs, wanted)
    lacks += [
        f"capability {word}" for word in requirements.capabilities if word not in specs.capabilities
    ]
    return tuple(lacks)


def _missing_size(specs: Specs, requirements: Requirements) -> Iterable[str]:
    if not _enough(specs.memory_mib, requirements.memory_mib):
        needs = _size(requirements.memory_mib)
        yield f"{needs} of memory (has {_as_much(specs.memory_mib, requirements.memory_mib)})"
    if specs.cores < requirements.cores:
        plural = "" if requirements.cores == 1 else "s"
        yield f"{requirements.cores} core{plural} (has {specs.cores})"


def _missing_gpus(specs: Specs, requirements: Requirements) -> Iterable[str]:
    if not requirements.gpu_kind and not requirements.gpu_memory_mib:
        return
    least = requirements.gpu_memory_mib
    for kind in requirements.gpu_kind.split("+"):
        fitting = [gpu for gpu in specs.gpus if kind in ("", ANY_GPU, gpu.kind)]
        if not any(_enough(gpu.memory_mib, least) for gpu in fitting):
            name = _KINDS.get(kind, f"a {kind} GPU".replace("  ", " "))
            most = max((gpu.memory_mib for gpu in fitting), default=0)
            has = f" (has {_as_much(most, least)})" if fitting else ""
            yield f"{name} with {_size(least)}{has}" if least else name


_KINDS = {
    ANY_GPU: "a GPU",
    "cuda": "a CUDA GPU",
    "optix": "an OptiX GPU",
    "hip": "a HIP GPU",
    "oneapi": "a oneAPI GPU",
    "metal": "a Metal GPU",
}
"""{kind of GPU: its name for people}."""


def _missing_platform(specs: Specs, requirements: Requirements) -> Iterable[str]:
    needs = requirements.platform
    if needs and needs != specs.platform:
        yield f"platform {needs.replace('+', ' and ')} (has {specs.platform or 'an unknown one'})"


def _missing_software(specs: Specs, wanted: Software) -> Iterable[str]:
    name = wanted.name.casefold()
    found = [each.version for each in specs.software if each.name.casefold() == name]
    if not found:
        yield f"{wanted.name} {wanted.version}".strip()
    elif wanted.version and not any(_satisfies(version, wanted.version) for version in found):
        has = ", ".join(version or "an unknown version" for version in found)
        yield f"{wanted.name} {wanted.version} (has {has})"


def _enough(has: int, needs: int) -> bool:
    return has * 100 >= needs * ENOUGH_PERCENT


def _size(mib: int) -> str:
    return f"{mib} MiB" if mib < _GIB else f"{_gib(mib)} GiB"


def _as_much(has: int, needs: int) -> str:
    """The available amount, in the unit of the required one."""
    if has == 0:
        return "an unknown amount"
    return str(has if needs < _GIB else _gib(has))


def _gib(mib: int) -> str:
    return f"{mib / _GIB:.1f}".removesuffix(".0")


@lru_cache(maxsize=4096)
def _satisfies(version: str, specifier: str) -> bool:
    parsed = _version(version)
    return parsed is not None and _specifier(specifier).contains(parsed, prereleases=True)


@lru_cache(maxsize=1024)
def _specifier(text: str) -> SpecifierSet:
    return SpecifierSet(text)


def _version(text: str) -> Version | None:
    """A version as PEP 440 reads it, else its first number, such as 7.1 in `n7.1-static`."""
    text = text[:_LONGEST]
    try:
        return Version(text)
    except InvalidVersion:
        number = _NUMBER.search(text)
        return Version(number[0]) if number else None

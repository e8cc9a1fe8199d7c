"""Equipment of a worker, requirements of a job, and the words for the difference."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.jobs import JobRequirements
from flamenco.model.specs import (
    NOTHING,
    Gpu,
    Requirements,
    Software,
    Specs,
    combined,
    missing,
)

GIB = 1024
STATION = Specs(
    memory_mib=32 * GIB,
    cores=16,
    gpus=(
        Gpu("cuda", "NVIDIA A10", 23028),
        Gpu("optix", "NVIDIA A10", 23028),
        Gpu("cuda", "NVIDIA T400", 2 * GIB),
    ),
    platform="linux",
    software=(Software("Blender", "4.0.2"), Software("Blender", "3.6"), Software("FFmpeg", "")),
    capabilities=("licence-y", "scratch"),
)


def needs(**needed):
    return missing(STATION, Requirements(**needed))


def blender(version):
    return (Software("blender", version),)


@pytest.mark.parametrize(
    ("needed", "lacks"),
    [
        ({"memory_mib": 64 * GIB}, "64 GiB of memory (has 32)"),
        ({"memory_mib": 64 * GIB + 512}, "64.5 GiB of memory (has 32)"),
        ({"cores": 32}, "32 cores (has 16)"),
        ({"gpu_kind": "HIP"}, "a HIP GPU"),
        ({"gpu_kind": "hip", "gpu_memory_mib": 24 * GIB}, "a HIP GPU with 24 GiB"),
        ({"gpu_kind": "optix", "gpu_memory_mib": 48 * GIB}, "an OptiX GPU with 48 GiB (has 22.5)"),
        ({"gpu_kind": "oneapi"}, "a oneAPI GPU"),
        ({"gpu_kind": "vulkan"}, "a vulkan GPU"),
        ({"gpu_kind": "any", "gpu_memory_mib": 48 * GIB}, "a GPU with 48 GiB (has 22.5)"),
        ({"gpu_memory_mib": 48 * GIB}, "a GPU with 48 GiB (has 22.5)"),
        ({"platform": "Windows"}, "platform windows (has linux)"),
        ({"software": blender(">=4.2,<5")}, "blender >=4.2,<5 (has 4.0.2, 3.6)"),
        ({"software": (Software("Nuke", ">=15"),)}, "Nuke >=15"),
        ({"software": (Software("Nuke"),)}, "Nuke"),
        ({"software": (Software("ffmpeg", ">=5"),)}, "ffmpeg >=5 (has an unknown version)"),
        ({"capabilities": ("Licence-X", "scratch")}, "capability licence-x"),
    ],
)
def test_what_is_missing_is_said_in_a_phrase(needed, lacks):
    assert needs(**needed) == (lacks,)


@pytest.mark.parametrize(
    "needed",
    [
        {},
        {"memory_mib": 32 * GIB, "cores": 16},
        {"gpu_kind": "cuda", "gpu_memory_mib": 24 * GIB},
        {"gpu_kind": "optix+cuda"},
        {"gpu_kind": "any"},
        {"gpu_memory_mib": 1},
        {"platform": "linux"},
        {"software": blender(">=4,<4.1")},
        {"software": blender("==3.6.*")},
        {"software": (Software("FFMPEG"),)},
        {"capabilities": ("scratch", " LICENCE-Y ")},
    ],
)
def test_a_worker_that_has_it_all_lacks_nothing(needed):
    assert needs(**needed) == ()


def test_everything_that_is_missing_is_said_in_one_go():
    assert missing(Specs(), Requirements(memory_mib=512, cores=1, platform="linux")) == (
        "512 MiB of memory (has an unknown amount)",
        "1 core (has 0)",
        "platform linux (has an unknown one)",
    )


def test_a_machine_without_a_gpu_has_not_even_any():
    assert missing(Specs(), Requirements(gpu_kind="any")) == ("a GPU",)


def test_a_machine_sold_with_so_much_memory_has_it():
    wanted = Requirements(memory_mib=64 * GIB)
    assert missing(Specs(memory_mib=64_200), wanted) == ()
    assert missing(Specs(memory_mib=48 * GIB), wanted)


@pytest.mark.parametrize(
    ("version", "specifier", "fits"),
    [
        ("5.0.0a0", ">=5.0", False),
        ("5.0.0a0", ">=5.0a0", True),
        ("5.1.0rc1", ">=5", True),
        ("n7.1-static", ">=7", True),
        ("\N{MATHEMATICAL BOLD DIGIT SEVEN}", ">=7", False),
        ("4.2 custom", "==4.2", True),
        ("from our branch", ">=0", False),
        ("", ">=0", False),
        ("9" * 5000, ">=1", True),
        ("4.2.1", "", True),
    ],
)
def test_versions_as_programs_tell_them_are_understood(version, specifier, fits):
    has = Specs(software=(Software("Blender", version),))
    assert (missing(has, Requirements(software=blender(specifier))) == ()) is fits


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"software": blender("4.2")},
            "software blender: expected a version specifier such as '>=4.2,<5', not '4.2'",
        ),
        ({"software": blender(">=" + "9" * 5000)}, "expected a version specifier"),
        ({"software": (Software(" ", ">=1"),)}, "expected the name of a program"),
        ({"memory_mib": -1}, "memory_mib: expected 0 or more, not -1"),
    ],
)
def test_requirements_nobody_can_read_are_refused(wrong, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Requirements(**wrong)


def test_what_comes_off_the_wire_is_as_canonical_as_what_is_made_here():
    text = b"""{"gpu_kind": "OptiX+CUDA", "platform": " Linux ", "capabilities": ["b", "A", "b"],
        "software": [{"name": " Blender", "version": ">=4"},
                     {"name": "blender", "version": "<5 "}]}"""
    assert msgspec.json.decode(text, type=Requirements) == Requirements(
        gpu_kind="cuda+optix",
        platform="linux",
        capabilities=("a", "b"),
        software=(Software("Blender", ">=4,<5"),),
    )
    text = b"""{"gpus": [{"kind": "OptiX"}], "platform": "Linux", "capabilities": ["b", "A"]}"""
    assert msgspec.json.decode(text, type=Specs) == Specs(
        gpus=(Gpu("optix"),), platform="linux", capabilities=("a", "b")
    )


def test_a_bad_specifier_off_the_wire_names_its_place():
    text = b'[{"software": [{"name": "blender", "version": "new"}]}]'
    with pytest.raises(
        msgspec.ValidationError, match=r"software blender: expected .* at `\$\[0\]`"
    ):
        msgspec.json.decode(text, type=list[Requirements])


def test_job_and_task_type_together_ask_for_the_stricter_of_both():
    job = Requirements(
        memory_mib=8, cores=4, gpu_kind="cuda", software=blender(">=4.2"), capabilities=("b", "a")
    )
    task_type = Requirements(
        memory_mib=16, gpu_kind="optix", platform="linux", software=blender("<5")
    )
    assert combined(job, task_type) == Requirements(
        memory_mib=16,
        cores=4,
        gpu_kind="cuda+optix",
        platform="linux",
        software=blender(">=4.2,<5"),
        capabilities=("a", "b"),
    )


def test_two_platforms_at_once_are_missing_everywhere():
    both = combined(Requirements(platform="linux"), Requirements(platform="windows"))
    assert missing(STATION, both) == ("platform linux and windows (has linux)",)


words = st.sampled_from(["a", "B", " licence-x", "scratch"])
amounts = st.integers(0, 8) | st.integers(0, 10**6)
versions = st.sampled_from(["", "3.6", "4.0.2", "4.2", "5.0a0", "n7.1", "odd"]) | st.text(
    max_size=8
)
specifiers = st.sampled_from(["", ">=4", "<5", ">=4.2,<5", "==4.2.*", "~=4.0", "!=4.2"])
names = st.sampled_from(["Blender", "blender", "FFmpeg"])
specs = st.builds(
    Specs,
    memory_mib=amounts,
    cores=amounts,
    gpus=st.lists(
        st.builds(Gpu, st.sampled_from(["cuda", "optix"]), st.just("card"), amounts), max_size=3
    ).map(tuple),
    platform=st.sampled_from(["", "linux", "windows"]),
    software=st.lists(st.builds(Software, names, versions), max_size=3).map(tuple),
    capabilities=st.lists(words, max_size=3).map(tuple),
)
requirements = st.builds(
    Requirements,
    memory_mib=amounts,
    cores=amounts,
    gpu_kind=st.sampled_from(["", "cuda", "optix"]),
    gpu_memory_mib=amounts,
    platform=st.sampled_from(["", "linux", "windows"]),
    software=st.lists(st.builds(Software, names, specifiers), max_size=2).map(tuple),
    capabilities=st.lists(words, max_size=3).map(tuple),
)


@given(specs, requirements)
def test_both_survive_json_and_can_be_keys(has, wanted):
    for each in (has, wanted):
        again = msgspec.json.decode(msgspec.json.encode(each), type=type(each))
        assert again == each
        assert hash(again) == hash(each)


@given(specs)
def test_whoever_asks_for_nothing_gets_every_worker(has):
    assert missing(has, NOTHING) == ()


@given(specs, requirements, requirements)
def test_who_fits_both_together_fits_each_of_them(has, job, task_type):
    if not missing(has, combined(job, task_type)):
        assert missing(has, job) == ()
        assert missing(has, task_type) == ()


@given(specs, requirements, requirements)
def test_the_order_of_the_two_does_not_matter(has, one, other):
    there, back = missing(has, combined(one, other)), missing(has, combined(other, one))
    assert bool(there) is bool(back)
    assert combined(one, NOTHING) == combined(NOTHING, one) == combined(one, one) == one


def test_a_file_may_ask_for_more_than_its_job_and_changes_nothing_of_other_types():
    job = JobRequirements(
        Requirements(memory_mib=4),
        {"blender": Requirements(cores=8), "ffmpeg": Requirements(cores=2)},
    )
    large = Requirements(memory_mib=16)
    more = job.stricter({"blender": Requirements(cores=4, gpu_kind="optix"), "misc": large})
    assert more.of("blender") == Requirements(memory_mib=4, cores=8, gpu_kind="optix")
    assert more.of("ffmpeg") == Requirements(memory_mib=4, cores=2)
    assert more.of("misc") == Requirements(memory_mib=16)
    assert more.of("file-management") == Requirements(memory_mib=4)


@given(specs, requirements, amounts)
def test_asking_for_more_never_makes_a_worker_fit(has, wanted, more):
    stricter = combined(wanted, Requirements(memory_mib=more, cores=more, gpu_memory_mib=more))
    if missing(has, wanted):
        assert missing(has, stricter)


def test_conditions_that_are_long_together_are_combined_all_the_same():
    one, other = (
        Requirements(software=(Software("blender", ",".join(f">={n}.{i}" for i in range(100))),))
        for n in (3, 4)
    )
    both = combined(one, other)
    assert len(both.software[0].version) > 1000
    assert not missing(Specs(software=(Software("blender", "4.99"),)), both)
    assert missing(Specs(software=(Software("blender", "4.98"),)), both)
    with pytest.raises(ValueError, match="software blender"):
        JobRequirements(by_task_type={"misc": one}).stricter({"misc": other})

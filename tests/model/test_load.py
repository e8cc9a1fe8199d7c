"""The load of a minute is the mean of what was measured in it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.load import GpuLoad, Load, mean_load, minute_of

LOADS = st.builds(
    Load,
    cpu=st.floats(0, 1),
    memory_mib=st.integers(0, 10**6),
    gpus=st.lists(
        st.builds(
            GpuLoad,
            name=st.sampled_from("ab"),
            used=st.none() | st.floats(0, 1),
            memory_mib=st.integers(0, 10**6),
        ),
        max_size=3,
    ).map(tuple),
)


def test_the_mean_is_of_each_figure_and_unknown_ones_do_not_count():
    known = Load(cpu=0.2, memory_mib=100, gpus=(GpuLoad(name="a", used=0.5, memory_mib=10),))
    unknown = Load(cpu=0.4, memory_mib=200, gpus=(GpuLoad(name="a", memory_mib=30),))
    mean = mean_load([known, unknown, known, unknown])
    assert round(mean.cpu, 9) == 0.3
    assert mean.memory_mib == 150
    assert mean.gpus == (GpuLoad(name="a", used=0.5, memory_mib=20),)


def test_a_gpu_that_took_the_place_of_another_has_figures_of_its_own():
    before = Load(cpu=0, memory_mib=0, gpus=(GpuLoad(name="a", used=1.0),))
    after = Load(cpu=0, memory_mib=0, gpus=(GpuLoad(name="b", used=0.0), GpuLoad(name="a")))
    assert mean_load([before, after]).gpus == after.gpus


@given(st.lists(LOADS, min_size=1, max_size=5))
def test_a_mean_lies_between_what_was_measured(loads):
    mean = mean_load(loads)
    memory = [each.memory_mib for each in loads]
    assert min(each.cpu for each in loads) - 1e-9 <= mean.cpu
    assert mean.cpu <= max(each.cpu for each in loads) + 1e-9
    assert min(memory) <= mean.memory_mib <= max(memory)
    assert [each.name for each in mean.gpus] == [each.name for each in loads[-1].gpus]
    assert all(each.used is None or -1e-9 <= each.used <= 1 + 1e-9 for each in mean.gpus)


def test_a_minute_begins_on_the_clock():
    moment = datetime(2026, 1, 1, 12, 34, 56, 789, tzinfo=UTC)
    assert minute_of(moment) == datetime(2026, 1, 1, 12, 34, tzinfo=UTC)

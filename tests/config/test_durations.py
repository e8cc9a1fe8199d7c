import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m0s", 600),
        ("24h", 86400),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("1us", 1e-6),
        ("3µs", 3e-6),
        ("0", 0),
        ("0s", 0),
        ("-1m", -60),
        ("2562047h", 2562047 * 3600),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "1d", "1 m", "1m ", "ten", "--1s", ".s", "2562048h", "9" * 400 + "h"],
)
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="expected a duration such as 10m0s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (600, "10m0s"),
        (86400, "24h0m0s"),
        (60, "1m0s"),
        (1.5, "1.5s"),
        (0.25, "250ms"),
        (1.5e-6, "1.5µs"),
        (0, "0s"),
        (-90, "-1m30s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(seconds, text):
    assert format_duration(seconds) == text


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_what_is_written_is_read_back(nanoseconds):
    seconds = nanoseconds / 1e9
    assert round(parse_duration(format_duration(seconds)) * 1e9) == nanoseconds

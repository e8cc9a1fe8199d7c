"""Durations as Go writes them: `10m0s`, `1h30m`, `250ms` (reference rules §14)."""

import re

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
}
_TOO_LONG = 2**63  # nanoseconds; nor do dates reach much further
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"([-+]?)((?:{_PART.pattern})+)")


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `10m0s`; `0` needs no unit.

    Raises ValueError if ``text`` is not a duration.
    """
    if text in ("0", "+0", "-0"):
        return 0.0
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        raise ValueError(f"expected a duration such as 10m0s, 1h30m or 250ms, not {text!r}")
    total = sum(float(amount) * _NANOSECONDS[unit] for amount, unit in _PART.findall(whole[2]))
    if total >= _TOO_LONG:
        raise ValueError("expected a duration such as 10m0s, of less than 292 years")
    return (-total if whole[1] == "-" else total) / 1e9


def format_duration(seconds: float) -> str:
    """The duration as Go's Duration.String gives it, exact to the nanosecond."""
    total = round(seconds * 1e9)
    sign, total = ("-", -total) if total < 0 else ("", total)
    if total == 0:
        return "0s"
    for unit in ("ns", "µs", "ms"):
        if total < 1000 * _NANOSECONDS[unit]:
            return f"{sign}{_fraction(total, _NANOSECONDS[unit])}{unit}"
    hours, rest = divmod(total, _NANOSECONDS["h"])
    minutes, rest = divmod(rest, _NANOSECONDS["m"])
    text = f"{_fraction(rest, _NANOSECONDS['s'])}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _fraction(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if unit > 1 else ""
    return f"{whole}.{digits}" if digits else str(whole)

"""Every number, text and collection that comes from outside has its bounds."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from flamenco import protocol
from flamenco.api import meta, workers
from flamenco.jobtypes import messages
from flamenco.model import bounds
from flamenco.model.bounds import LARGEST, LONGEST_ERROR, Few, Rank, Values, Word, brief, cut
from flamenco.model.jobs import AuthoredTask
from web import live
from web.server import OPERATIONS

WORKER_READS = (
    meta.FlamencoVersion,
    meta.ManagerVariable,
    meta.SharedStorageLocation,
    workers.RegisteredWorker,
    workers.WorkerStateChange,
    workers.AssignedTask,
    workers.MayKeepRunning,
)
"""Answers over HTTP that a Worker acts upon."""


def received() -> Iterator[tuple[str, Any]]:
    """All classes that come from outside, each with its name."""
    kinds = [*protocol.TYPES.values(), protocol._Envelope, *live.OPERATIONS.values()]
    kinds += [messages.Request, messages.Answer, AuthoredTask, *WORKER_READS]
    for kind in kinds:
        yield kind.__name__, kind
    for operation in OPERATIONS:
        taken = {"query": operation.query, "body": operation.body, "headers": operation.headers}
        for name, kind in {**operation.parameters, **taken}.items():
            if kind is not None:
                yield f"{operation.id}.{name}", kind


def has_bounds(kind: inspect.Type) -> bool:
    """True if a type, taken by itself, lets nothing through without end."""
    match kind:
        case inspect.IntType(ge=least, le=most):
            return (
                least is not None and most is not None and -LARGEST - 1 <= least <= most <= LARGEST
            )
        case inspect.FloatType(ge=least, le=most):
            return least is not None and most is not None
        case inspect.StrType(max_length=most) | inspect.DictType(max_length=most):
            return most is not None
        case inspect.BytesType(max_length=most):
            return most is not None
        case inspect.CollectionType(max_length=most):
            return most is not None
        case inspect.TupleType() | inspect.UnionType() | inspect.DataclassType():
            return True
    return isinstance(kind, OF_THEMSELVES)


def parts(kind: inspect.Type) -> Iterator[tuple[str, inspect.Type]]:
    """The types that a type is made of, each with its place."""
    match kind:
        case inspect.CollectionType(item_type=item):
            yield "[]", item
        case inspect.DictType(key_type=key, value_type=value):
            yield " key", key
            yield "[]", value
        case inspect.TupleType(item_types=items):
            yield from ((f"[{place}]", item) for place, item in enumerate(items))
        case inspect.UnionType(types=members):
            yield from (("", member) for member in members)
        case inspect.DataclassType(fields=fields):
            yield from ((f".{field.encode_name}", field.type) for field in fields)


def unbounded(kind: inspect.Type, path: str) -> Iterator[str]:
    """The paths of what has no bounds in a type."""
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if not has_bounds(kind):
        yield path
    for place, part in parts(kind):
        yield from unbounded(part, path + place)


OF_THEMSELVES = (
    inspect.AnyType,
    inspect.BoolType,
    inspect.CustomType,
    inspect.DateTimeType,
    inspect.EnumType,
    inspect.LiteralType,
    inspect.NoneType,
    inspect.RawType,
)
"""Types that need no bounds; a value of any type, such as a setting, has those of its message."""


@pytest.mark.parametrize(("name", "kind"), [pytest.param(*each, id=each[0]) for each in received()])
def test_everything_that_comes_from_outside_has_bounds(name, kind):
    assert not [*unbounded(inspect.type_info(kind), name)]


@pytest.mark.parametrize("kind", [int, str, float, tuple[int, ...], Few[str], dict[str, Any]])
def test_what_has_no_bounds_is_found(kind):
    assert [*unbounded(inspect.type_info(kind), "it")]


def test_json_values_by_name_are_bounded_by_their_number_and_the_names():
    assert not [*unbounded(inspect.type_info(Values), "it")]
    with pytest.raises(msgspec.ValidationError, match="length <= 1000"):
        msgspec.convert({"x" * 1001: 1}, Values)


def longest(most: int) -> tuple[str, str]:
    """A text that is as long as it may be, and one that is too long."""
    return "x" * most, "x" * (most + 1)


UUID = "0123abcd-4567-89ef-ABCD-0123456789ab"
TOO_LARGE = 2**63
EDGES = {
    "Number": (bounds.Number, [-TOO_LARGE, TOO_LARGE - 1], [-TOO_LARGE - 1, TOO_LARGE]),
    "Count": (bounds.Count, [0, TOO_LARGE - 1], [-1, TOO_LARGE]),
    "Steps": (bounds.Steps, [0, 2**31 - 1], [-1, 2**31]),
    "Priority": (bounds.Priority, [0, 100], [-1, 101]),
    "Rank": (bounds.Rank, [-(2**31), 2**31 - 1], [-(2**31) - 1, 2**31]),
    "Amount": (bounds.Amount, [-1e300, 1e300], [-1.1e300, 1.1e300]),
    "Period": (bounds.Period, [0.001, 86_400.0], [0.0009, 86_400.1]),
    "Seconds": (bounds.Seconds, [0.0, 1e9], [-0.1, 1.1e9]),
    "Word": (bounds.Word, *zip(longest(1000), strict=True)),
    "Line": (bounds.Line, *zip(longest(2**15), strict=True)),
    "Prose": (bounds.Prose, *zip(longest(2**20), strict=True)),
    "Text": (bounds.Text, *zip(longest(2**24), strict=True)),
    "Uuid": (bounds.Uuid, [UUID], [f"{UUID}0", f"x{UUID[1:]}", UUID.replace("-", "")]),
    "SmallJpeg": (bounds.SmallJpeg, [bytes(2**13)], [bytes(2**13 + 1)]),
    "LargeJpeg": (bounds.LargeJpeg, [bytes(30 * 2**10)], [bytes(30 * 2**10 + 1)]),
    "NewestJpeg": (bounds.NewestJpeg, [bytes(2**20)], [bytes(2**20 + 1)]),
    "PictureName": (bounds.PictureName, ["0123456789ab" * 2], ["0123456789aB" * 2, "0" * 25]),
    "Few": (Few[int], [(1,) * 1000], [(1,) * 1001]),
    "Values": (Values, [dict.fromkeys(map(str, range(10_000)))], [{"x" * 1001: 1}]),
    "Texts": (bounds.Texts, [{"x": "y"}], [dict.fromkeys(map(str, range(10_001)), "")]),
}


@pytest.mark.parametrize("name", EDGES)
def test_what_was_taken_once_is_taken_for_ever_and_nothing_beyond(name):
    kind, taken, refused = EDGES[name]
    for value in taken:
        assert msgspec.convert(value, kind) == value
    for value in refused:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


@pytest.mark.parametrize(("text", "short"), [("", ""), ("abc", "abc"), ("abcd", "ab…")])
def test_a_text_that_is_too_long_loses_its_end(text, short):
    assert cut(text, 3) == short


@pytest.mark.parametrize(
    ("error", "short"),
    [
        ("it can't be read, since the disk isn't there", None),
        (f"`$.status`; expected {100 * 'word '}", None),
        (f"no 'a' but {100 * 'word '}'b'", None),
        (f"got '{100 * 'x'}', expected 'y'", f"got '{79 * 'x'}…', expected 'y'"),
        (f"got '{40 * 'x y '}' here", f"got '{(40 * 'x y ')[:79]}…' here"),
        (f"got '{5000 * 'x'}' here", f"got '{79 * 'x'}…' here"),
        (f"there is no {300 * 'x'} here", f"there is no {254 * 'x'}… here"),
    ],
)
def test_an_error_quotes_only_the_beginning_of_a_long_value(error, short):
    assert brief(error) == (short or error)


def test_an_error_has_an_end_whatever_it_quotes():
    for text in (10_000 * "word ", 10_000 * ' "x', "'" + 10_000 * "a "):
        assert len(brief(text)) <= LONGEST_ERROR + 1


@pytest.mark.parametrize(
    ("kind", "most", "more"),
    [(Rank, 2**31 - 1, 2**31), (Rank, -(2**31), -(2**31) - 1), (Word, 1000 * "x", 1001 * "x")],
)
def test_the_bounds_of_a_rank_and_of_a_word(kind, most, more):
    assert msgspec.convert(most, kind) == most
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(more, kind)

"""JSON values for the classes that come from outside: some fit the declared bounds, some do not."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

LARGE = 2**20
"""Characters beyond which no text is made, to keep examples small."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.text("ab", max_size=3)

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from([-(2**70), -(2**63) - 1, -1, 0, 2**63, 2**70, 1e300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
"""Any JSON."""


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values for a type: most fit, at the ends of its bounds too; some do not."""
    return st.one_of(fitting(kind), fitting(kind), fitting(kind), beyond(kind), ANYTHING)


def fitting(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values that fit a type, but for what `values` makes of its parts."""
    return FITTING.get(type(kind), lambda _: ANYTHING)(kind)


def objects(kind: inspect.DataclassType) -> st.SearchStrategy[Any]:
    fields = {field.encode_name: values(field.type) for field in kind.fields}
    must = {field.encode_name for field in kind.fields if field.required}
    return st.fixed_dictionaries(
        {name: fields[name] for name in fields if name in must},
        optional={name: fields[name] for name in fields if name not in must},
    )


FITTING: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.Metadata: lambda kind: fitting(kind.type),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.IntType: lambda kind: (
        st.sampled_from([kind.ge, kind.le]) | st.integers(kind.ge, kind.le)
    ),
    inspect.FloatType: lambda kind: st.floats(kind.ge, kind.le),
    inspect.StrType: lambda _: TEXTS,
    inspect.EnumType: lambda kind: st.sampled_from([each.value for each in kind.cls]),
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.NoneType: lambda _: st.none(),
    inspect.VarTupleType: lambda kind: st.lists(values(kind.item_type), max_size=3),
    inspect.TupleType: lambda kind: st.tuples(*map(values, kind.item_types)).map(list),
    inspect.DictType: lambda kind: st.dictionaries(TEXTS, values(kind.value_type), max_size=3),
    inspect.UnionType: lambda kind: st.one_of(*map(fitting, kind.types)),
    inspect.DataclassType: objects,
}
"""{type: values that fit it}; for others any JSON does."""


def beyond(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values just outside the bounds of a type."""
    match kind:
        case inspect.Metadata(type=inner):
            return beyond(inner)
        case inspect.IntType(ge=least, le=most) | inspect.FloatType(ge=least, le=most):
            return st.sampled_from([least - 1, most + 1, least * 2 - 2**70, most * 2 + 2**70])
        case inspect.StrType(max_length=most) if most < LARGE:
            return st.just("x" * (most + 1))
        case inspect.UnionType(types=members):
            return st.one_of(*map(beyond, members))
    return ANYTHING

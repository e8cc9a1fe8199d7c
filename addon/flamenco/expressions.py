# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of Python's expressions, for texts that come from the network.

An expression reads the scene and makes a value of it. It has no way to other modules: there are no
names but those it is given, no attributes that begin with an underscore, no modules but ``bpy``,
whose operators and handlers are out of reach, and of functions only those listed here.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePath
from types import ModuleType
from typing import Any

MOST_CHARACTERS = 10_000
MOST_LENGTH = 1_000_000
"""Maximum length of a text or list that an expression makes by repetition or formatting."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "dict": dict,
    "enumerate": enumerate,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "range": range,
    "round": round,
    "set": set,
    "sorted": sorted,
    "str": str,
    "sum": sum,
    "tuple": tuple,
    "zip": zip,
}

METHODS = (
    (
        str,
        (
            "capitalize casefold count endswith find isdigit join lower lstrip partition "
            "removeprefix removesuffix replace rfind rpartition rsplit rstrip split startswith "
            "strip title upper zfill"
        ),
    ),
    (PurePath, "as_posix is_absolute joinpath relative_to with_name with_stem with_suffix"),
    (object, "get items keys values frame_path"),
)
"""Methods that may be called, by the class of their object; the last are Blender's, too."""

MODULES = {"bpy": "app context data path"}
"""Attributes that may be read of modules, by their names."""
PATH_FUNCTIONS = "abspath basename clean_name display_name ensure_ext relpath"
"""Functions of ``bpy.path``."""
REFUSED = frozenset(
    {"clipboard", "driver_namespace", "handlers", "preferences", "timers", "translations"}
)
"""Attributes of Blender's objects that hold functions, or secrets."""

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}


class NotAllowed(Exception):
    """An expression uses something that no expression of a job type may use."""


def value_of(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression. Raises `NotAllowed`, SyntaxError, and what Python would raise."""
    if len(text) > MOST_CHARACTERS:
        raise NotAllowed(f"expressions have at most {MOST_CHARACTERS} characters")
    return _Reader(names).value(ast.parse(text.strip(), mode="eval").body)


class _Reader:
    """A reader of expressions in which these names are known."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = {
            **FUNCTIONS,
            "getattr": self._getattr,
            "hasattr": lambda owner, name: self._getattr(owner, name, _NONE) is not _NONE,
            **names,
        }
        self._functions = [value for value in self._names.values() if callable(value)]

    def _within(self, names: Mapping[str, Any]) -> "_Reader":
        """A reader that knows more names, but no more functions."""
        inner = _Reader({**self._names, **names})
        inner._functions = self._functions
        return inner

    def value(self, node: ast.AST) -> Any:
        read = getattr(self, f"_{type(node).__name__}", None)
        if read is None:
            raise NotAllowed(f"{type(node).__name__} can't be used here")
        value = read(node)
        if isinstance(value, (str, bytes, list, tuple)) and len(value) > MOST_LENGTH:
            raise NotAllowed(f"a value has more than {MOST_LENGTH} parts")
        return value

    # Values

    def _Constant(self, node: ast.Constant) -> Any:
        return node.value

    def _Name(self, node: ast.Name) -> Any:
        if node.id not in self._names:
            raise NameError(f"name {node.id!r} is not defined")
        return self._names[node.id]

    def _Tuple(self, node: ast.Tuple) -> Any:
        return tuple(map(self.value, node.elts))

    def _List(self, node: ast.List) -> Any:
        return list(map(self.value, node.elts))

    def _Set(self, node: ast.Set) -> Any:
        return set(map(self.value, node.elts))

    def _Dict(self, node: ast.Dict) -> Any:
        if None in node.keys:
            raise NotAllowed("** can't be used here")
        return {
            self.value(key): self.value(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        }

    def _JoinedStr(self, node: ast.JoinedStr) -> Any:
        return "".join(map(self.value, node.values))

    def _FormattedValue(self, node: ast.FormattedValue) -> Any:
        shown = {-1: lambda value: value, ord("s"): str, ord("r"): repr, ord("a"): ascii}
        spec = self.value(node.format_spec) if node.format_spec else ""
        return format(shown[node.conversion](self.value(node.value)), _modest(spec))

    # Parts of values

    def _Attribute(self, node: ast.Attribute) -> Any:
        return self._getattr(self.value(node.value), node.attr)

    def _getattr(self, owner: Any, name: str, *default: Any) -> Any:
        """An attribute that is no function."""
        _refuse(owner, name)
        value = getattr(owner, name, *default)
        if callable(value) or (isinstance(value, ModuleType) and not _is_open(owner, name)):
            raise NotAllowed(f"{name} can't be used here")
        return value

    def _Subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _Slice(self, node: ast.Slice) -> Any:
        ends = (node.lower, node.upper, node.step)
        return slice(*(None if end is None else self.value(end) for end in ends))

    # Operators

    def _BinOp(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if type(node.op) not in BINARY:
            raise NotAllowed(f"{type(node.op).__name__} can't be used here")
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            _modest_length(_formatted(left, right))
        if isinstance(node.op, ast.Mult):
            for many, times in ((left, right), (right, left)):
                if hasattr(many, "__len__") and isinstance(times, int):
                    _modest_length(len(many) * times)
        return BINARY[type(node.op)](left, right)

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in UNARY:
            raise NotAllowed(f"{type(node.op).__name__} can't be used here")
        return UNARY[type(node.op)](self.value(node.operand))

    def _BoolOp(self, node: ast.BoolOp) -> Any:
        ends = isinstance(node.op, ast.Or)
        for each in node.values:
            value = self.value(each)
            if bool(value) is ends:
                break
        return value

    def _Compare(self, node: ast.Compare) -> Any:
        left, result = self.value(node.left), True
        for compared, each in zip(node.ops, node.comparators, strict=True):
            right = self.value(each)
            result = COMPARED[type(compared)](left, right)
            if not result:
                break
            left = right
        return result

    def _IfExp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    # Calls

    def _Call(self, node: ast.Call) -> Any:
        function = self._function(node.func)
        if any(isinstance(each, ast.Starred) for each in node.args) or any(
            each.arg is None for each in node.keywords
        ):
            raise NotAllowed("* can't be used here")
        args = [self.value(each) for each in node.args]
        keywords = {str(each.arg): self.value(each.value) for each in node.keywords}
        for given in (*args, *keywords.values()):
            if callable(given) and given not in self._functions:
                raise NotAllowed("functions can't be handed on here")
            if isinstance(given, int):
                _modest_length(given)
        return function(*args, **keywords)

    def _function(self, node: ast.expr) -> Callable[..., Any]:
        if isinstance(node, ast.Attribute):
            owner, name = self.value(node.value), node.attr
            _refuse(owner, name, called=True)
            if isinstance(owner, str) and name in LENGTHS:
                return partial(_modestly, owner, name)
            return getattr(owner, name)
        function = self.value(node) if isinstance(node, ast.Name) else None
        if function is None or function not in self._functions:
            raise NotAllowed("only functions with a name can be called here")
        return function

    # Comprehensions

    def _GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return list(self._each(node.elt, node.generators))

    def _ListComp(self, node: ast.ListComp) -> Any:
        return list(self._each(node.elt, node.generators))

    def _SetComp(self, node: ast.SetComp) -> Any:
        return set(self._each(node.elt, node.generators))

    def _each(self, made: ast.expr, loops: Sequence[ast.comprehension]) -> Iterator[Any]:
        if not loops:
            yield self.value(made)
            return
        loop, *others = loops
        for item in self.value(loop.iter):
            inner = self._within(_unpacked(loop.target, item))
            if all(inner.value(test) for test in loop.ifs):
                yield from inner._each(made, others)


_NONE = object()
_DIRECTIVE = re.compile(r"%(?:\([^)]*\))?[-#0 +]*[0-9]*\*?(?:\.\*?)?")
_MANY_DIGITS = re.compile(r"[0-9]{5}")


def _unpacked(target: ast.expr, item: Any) -> dict[str, Any]:
    """The names that a loop gives to an item."""
    if isinstance(target, ast.Name):
        return {target.id: item}
    if isinstance(target, (ast.Tuple, ast.List)):
        parts = list(item)
        if len(parts) != len(target.elts):
            raise ValueError(f"expected {len(target.elts)} values, got {len(parts)}")
        return {
            name: value
            for each, part in zip(target.elts, parts, strict=True)
            for name, value in _unpacked(each, part).items()
        }
    raise NotAllowed("loops can only set names here")


def _is_open(owner: Any, name: str) -> bool:
    return isinstance(owner, ModuleType) and name in MODULES.get(owner.__name__, "").split()


def _refuse(owner: Any, name: str, *, called: bool = False) -> None:
    """Raise `NotAllowed` for an attribute that may not be read, or ``called``."""
    if isinstance(owner, ModuleType):
        functions = PATH_FUNCTIONS if owner.__name__ == "bpy.path" else ""
        allowed = name in functions.split() if called else _is_open(owner, name)
    elif called:
        kinds = (names for kind, names in METHODS if isinstance(owner, kind))
        allowed = not isinstance(owner, type) and any(name in names.split() for names in kinds)
    else:
        allowed = not name.startswith("_") and name not in REFUSED
    if not allowed:
        raise NotAllowed(f"{name} can't be used here")


def _modest(spec: str) -> str:
    """A text that tells how a value is written, without a width that fills the memory."""
    if _MANY_DIGITS.search(spec):
        raise NotAllowed("widths have at most four digits")
    return spec


def _formatted(text: str, values: Any) -> int:
    """Maximum length of a text with ``%``; names in it may repeat a value."""
    if any("*" in directive for directive in _DIRECTIVE.findall(text)):
        raise NotAllowed("widths can't be values here")
    widths = sum(map(int, re.findall("[0-9]+", _modest(text))))
    return len(text) + widths + _size(values) * (text.count("%") if isinstance(values, dict) else 1)


def _size(value: Any) -> int:
    """The length of a value's text, roughly; values in it count as often as they are in it."""
    if isinstance(value, dict):
        return _size([*value, *value.values()])
    if isinstance(value, (list, tuple, set, frozenset)):
        return sum(map(_size, value))
    return len(str(value)) if isinstance(value, (str, bytes, PurePath)) else 1


def _joined(text: str, parts: Any = ()) -> int:
    many = list(parts)
    return _size(many) + len(text) * len(many)


def _replaced(text: str, old: str, new: str, count: int = -1) -> int:
    found = text.count(old)
    return len(text) + len(new) * (found if count < 0 else min(found, count))


LENGTHS: Mapping[str, Callable[..., int]] = {"join": _joined, "replace": _replaced}
"""Maximum length of a text that a method makes, by the method's name."""


def _modestly(text: str, name: str, *args: Any, **keywords: Any) -> Any:
    """The result of a method of a text, unless it is too long. Iterators are read once."""
    args = tuple(list(each) if isinstance(each, Iterator) else each for each in args)
    _modest_length(LENGTHS[name](text, *args, **keywords))
    return getattr(text, name)(*args, **keywords)


def _modest_length(number: int) -> None:
    if abs(number) > MOST_LENGTH:
        raise NotAllowed(f"numbers handed on, and lengths, are {MOST_LENGTH} at most")

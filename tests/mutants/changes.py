"""Wrong changes of a module, made one by one: a table of operators over its syntax tree.

Most operators are mutmut's. Mutmut itself wraps each function, and leaves alone what has a
decorator and what stands outside of functions: here that is every actor's handler and every table
of rules. What it does to calls, assignments and texts is replaced by fewer changes that say more.
"""

from collections.abc import Callable, Iterable
from itertools import takewhile

import attrs
import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

Changed = Iterable[cst.CSTNode]


def without_statement(node: cst.SimpleStatementLine) -> Changed:
    """Leave a statement out. A local name that is never assigned would fail in any test."""
    (statement, *more) = node.body
    if more or is_text(statement) or is_logging(statement):
        return
    assigned = m.Assign(targets=[m.AssignTarget(m.Attribute() | m.Subscript())])
    if m.matches(statement, m.Expr() | m.AugAssign() | m.Del() | m.Raise() | assigned):
        yield node.with_changes(body=[cst.Pass()])


def decided(node: cst.If) -> Changed:
    """Decide a condition beforehand."""
    for name in ("True", "False"):
        yield node.with_changes(test=cst.Name(name))


def without_condition(node: cst.CompFor) -> Changed:
    """Take everything into a comprehension."""
    for number in range(len(node.ifs)):
        yield node.with_changes(ifs=[*node.ifs[:number], *node.ifs[number + 1 :]])


LEAST_ELEMENTS = {cst.Set: 1, cst.Tuple: 2}
"""Elements that are left: `{}` is no set, and a pair is no table."""


def without_element(node: cst.BaseExpression) -> Changed:
    """Leave an element out of a table, a set or a list."""
    for number in range(len(node.elements)):
        if len(node.elements) > LEAST_ELEMENTS.get(type(node), 0):
            yield node.with_changes(
                elements=[*node.elements[:number], *node.elements[number + 1 :]]
            )


def without_keyword(node: cst.Call) -> Changed:
    """Leave out an argument that has a name."""
    for number, argument in enumerate(node.args):
        if argument.keyword is not None and not m.matches(argument, MAKING):
            yield node.with_changes(args=[*node.args[:number], *node.args[number + 1 :]])


AMOUNT = 10
"""Whole numbers from here on are amounts, like all broken ones: about so much is what is meant."""


def other_number(node: cst.Integer | cst.Float) -> Changed:
    """Take the next number, or twice an amount."""
    value = node.evaluated_value
    is_amount = isinstance(value, float) or value >= AMOUNT
    yield node.with_changes(value=repr((2 * value or 1.0) if is_amount else value + 1))


def other_word(node: cst.SimpleString) -> Changed:
    """Change a name or a statement of SQL. Texts for people are no rules."""
    text = node.evaluated_value
    if isinstance(text, str) and text and (" " not in text or is_sql(text)):
        quote = node.quote
        yield node.with_changes(value=f"{node.prefix}{quote}XX{node.raw_value}{quote}")


MAKING = m.Arg(keyword=m.Name("init") | m.Name("repr") | m.Name("eq"))
"""Arguments that say how a class is made, as decorators do."""

OPERATORS: tuple[tuple[type, Callable[..., Changed]], ...] = (
    (cst.SimpleStatementLine, without_statement),
    (cst.If, decided),
    (cst.CompFor, without_condition),
    (cst.Set, without_element),
    (cst.Dict, without_element),
    (cst.List, without_element),
    (cst.Tuple, without_element),
    (cst.Call, without_keyword),
    (cst.SimpleString, other_word),
    (cst.Integer, other_number),
    (cst.Float, other_number),
    (cst.Name, mutators.operator_name),
    (cst.UnaryOperation, mutators.operator_remove_unary_ops),
    (cst.Call, mutators.operator_symmetric_string_methods_swap),
    (cst.CSTNode, mutators.operator_keywords),
    (cst.CSTNode, mutators.operator_swap_op),
    (cst.Match, mutators.operator_match),
    (cst.IfExp, mutators.operator_if_exp),
)

STATEMENTS = (cst.SimpleStatementLine, cst.BaseCompoundStatement)

LEFT_ALONE = (
    m.Annotation()
    | m.Decorator()
    | MAKING
    | m.Import()
    | m.ImportFrom()
    | m.FormattedString()
    | m.Call(func=m.Name("TypeVar"))
    | m.Subscript(value=m.Name("Callable"))
    | m.Assign(targets=[m.AssignTarget(m.Name("__all__"))])
)
"""What has no meaning for the farm: types, imports, texts for people."""


def is_text(statement: cst.CSTNode) -> bool:
    """True if it is a docstring."""
    return m.matches(statement, m.Expr(m.SimpleString() | m.ConcatenatedString()))


def is_logging(statement: cst.CSTNode) -> bool:
    """True if it only tells operators something."""
    logs = m.Attribute(value=m.Name("logger") | m.Name("log"))
    return m.matches(statement, m.Expr(m.Call(func=logs)))


def is_sql(text: str) -> bool:
    """True if it is for SQLite."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return first.isupper() and first.isalpha()


@attrs.frozen
class Mutant:
    """A module with one wrong change."""

    file: str
    line: int
    lines: range
    """Lines of the statement, or of its head, one of which is run when the change counts."""
    where: str
    """Function or class in which the change is."""
    change: str
    """The lines that changed, on one line: what was there → what is."""
    source: str = attrs.field(repr=False)

    @property
    def name(self) -> str:
        """The same as long as neither the function nor the place of the change is rewritten."""
        return f"{self.file} {self.where}: {self.change}"


@attrs.frozen(eq=False)
class Place:
    """A place in a module, and what could stand there instead."""

    file: str
    line: int
    lines: range
    where: str
    _module: cst.Module
    _node: cst.CSTNode
    _instead: cst.CSTNode

    def mutant(self) -> Mutant:
        """The module with this change."""
        before = self._module.code
        after = self._module.deep_replace(self._node, self._instead).code  # type: ignore[arg-type]
        change = difference(before, after)
        return Mutant(self.file, self.line, self.lines, self.where, change, after)


def places(file: str, source: str) -> list[Place]:
    """All wrong changes of a module that the operators can think of."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    finder = _Finder(file, wrapper.module)
    wrapper.visit(finder)
    return finder.found


def difference(before: str, after: str) -> str:
    """The lines that changed, on one line."""
    old, new = before.splitlines(), after.splitlines()
    first = _alike(old, new)
    same = _alike(old[first:][::-1], new[first:][::-1])
    words = (" ".join(each[first : len(each) - same]) for each in (old, new))
    return " → ".join(" ".join(each.split()) or "nothing" for each in words)


def _alike(one: list[str], other: list[str]) -> int:
    """Number of lines at the beginning that are the same."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str, module: cst.Module) -> None:
        super().__init__()
        self.found: list[Place] = []
        self._file = file
        self._module = module
        self._names: list[str] = []
        self._statements: list[range] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, LEFT_ALONE) or is_text(node) or is_logging(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
        if isinstance(node, STATEMENTS):
            self._statements.append(self._lines(node))
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                for instead in operator(node):
                    line = self.get_metadata(PositionProvider, node).start.line
                    where = ".".join(self._names) or "module"
                    lines = self._statements[-1]
                    place = Place(self._file, line, lines, where, self._module, node, instead)
                    self.found.append(place)
        return True

    def _lines(self, node: cst.CSTNode) -> range:
        """The lines of a statement, without those of the statements in it."""
        about = self.get_metadata(PositionProvider, node)
        first = about.start.line
        if isinstance(node, cst.SimpleStatementLine):
            return range(first, about.end.line + 1)
        body = getattr(node, "body", node)
        return range(first, max(first + 1, self.get_metadata(PositionProvider, body).start.line))

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()
        if isinstance(original_node, STATEMENTS):
            self._statements.pop()

"""Arguments that leave Blender in the state in which the next task of the job finds it, too.

What is not understood may do anything: then the task has a Blender of its own.
"""

import ast
from collections.abc import Iterable, Iterator

FLAGS = frozenset(
    {"-b", "--background", "-y", "--enable-autoexec", "-Y", "--disable-autoexec"}
    | {"--factory-startup", "-noaudio"}
)
WITH_VALUE = frozenset(
    {"-t", "--threads", "-S", "--scene", "-E", "--engine", "-x", "--use-extension"}
    | {"-o", "--render-output", "-F", "--render-format"}
)
CODE = "--python-expr"

HARMLESS = (
    *(ast.Module, ast.Import, ast.Assign, ast.If, ast.For, ast.Compare, ast.Eq, ast.Tuple),
    *(ast.Attribute, ast.Name, ast.Constant, ast.Load, ast.Store, ast.alias),
)
"""All there is in code that only sets settings: it calls nothing."""


def are_understood(words: Iterable[str]) -> bool:
    """True if these arguments do nothing but set up what is rendered."""
    rest = iter(words)
    return all(_is_understood(word, rest) for word in rest)


def _is_understood(word: str, rest: Iterator[str]) -> bool:
    if word in FLAGS:
        return True
    value = next(rest, None)
    if value is None:
        return False
    return only_sets(value) if word == CODE else word in WITH_VALUE


def only_sets(code: str) -> bool:
    """True if code in Python only gives plain values to settings of Blender."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return False
    nodes = [*ast.walk(tree)]
    imported = {each.name for each in nodes if isinstance(each, ast.alias)}
    return imported <= {"bpy"} and all(isinstance(each, HARMLESS) for each in nodes)

"""Docstrings say what a thing is, noun first (CONTRIBUTING.md, Style)."""

import ast

import pytest

from tests.test_size import FILES, ROOT

QUESTIONS = ("Who ", "What ", "So many ")
"""Beginnings that let a reader wait for the noun."""


def docstrings(text: str) -> list[str]:
    """Docstrings of modules, classes, functions and attributes."""
    return [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]


def test_docstrings_of_all_kinds_are_found():
    text = (
        '"""A."""\nb = 1\n"""B."""\nclass C:\n    """C."""\n    def d(): "D."\n    e: int\n    "E."'
    )
    assert sorted(docstrings(text)) == ["A.", "B.", "C.", "D.", "E."]


@pytest.mark.parametrize("folder", ["actors", "addon", "flamenco", "web", "worker"])
def test_docstrings_begin_with_a_noun(folder):
    found = {
        f"{path.relative_to(ROOT)}: {each}"
        for path in FILES
        if path.is_relative_to(ROOT / folder)
        for each in docstrings(path.read_text("utf-8"))
        if each.startswith(QUESTIONS)
    }
    assert found == set()


def test_everything_public_of_the_manager_is_documented():
    found = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in FILES
        if path.is_relative_to(ROOT / "flamenco" / "manager")
        for node in _public(ast.parse(path.read_text("utf-8")))
        if not ast.get_docstring(node)
    }
    assert found == set()


def _public(parent: ast.AST) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Classes, functions and methods that others may use."""
    return [
        each
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        for each in (node, *(_public(node) if isinstance(node, ast.ClassDef) else ()))
    ]

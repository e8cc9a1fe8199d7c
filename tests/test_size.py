"""No file has more code than a reader takes in at once (CONTRIBUTING.md, Style)."""

import ast
import io
import tokenize
from pathlib import Path

MOST = 400
"""Maximum number of lines of code in a file."""

ROOT = Path(__file__).parents[1]
FOLDERS = ("actors", "addon", "flamenco", "tests", "web", "worker")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in path.parts
]
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def lines_of_code(text: str) -> int:
    """Number of lines that hold more than a comment, or a part of a docstring."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)


def test_comments_docstrings_and_empty_lines_do_not_count():
    docstring, code = '"""One\ntwo."""\n\n', 'x = (1,\n     2)  # three\ny = """four\nfive"""\n'
    assert lines_of_code(f'{docstring}# zero\n{code}"""Six."""\n') == 4


def test_no_file_has_more_code_than_the_limit():
    assert len(FILES) > 100
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in FILES}
    long = {path: lines_of_code(text) for path, text in texts.items() if text.count("\n") > MOST}
    assert {path: lines for path, lines in long.items() if lines > MOST} == {}

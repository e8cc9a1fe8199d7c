"""Logs of the Manager and the Worker about data that others send."""

import logging

from flamenco.cli.logs import PLAIN, RED, OneLine


def logged(message: str, *values: object, error: Exception | None = None) -> str:
    trace = (type(error), error, None) if error else None
    record = logging.LogRecord("web", logging.INFO, __file__, 1, message, values, trace)
    return OneLine().format(record)


def test_a_name_is_one_line_and_steers_no_terminal():
    line = logged("job %s is deleted", "x\n2026 ERROR all is lost\x1b[2J\u202e Fläche 面")
    assert line.endswith("web: job x\\n2026 ERROR all is lost\\x1b[2J\\u202e Fläche 面 is deleted")


def test_nor_does_an_error_that_quotes_one():
    assert logged("wrong", error=ValueError("x\x1b[2J")).splitlines()[1:] == [
        "ValueError: x\\x1b[2J"
    ]


def test_a_warning_is_red_on_a_terminal_and_nowhere_else():
    record = logging.LogRecord("web", logging.WARNING, __file__, 1, "all may enter", (), None)
    red = OneLine(coloured=True).format(record)
    assert red.startswith(RED)
    assert red.endswith(PLAIN)
    assert RED not in OneLine().format(record)
    record.levelno = logging.INFO
    assert RED not in OneLine(coloured=True).format(record)

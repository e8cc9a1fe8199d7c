"""Nothing that is sent to an operation brings an answer that its declaration does not name."""

import pytest

from tests.web import fuzz
from web.server import OPERATIONS

EXAMPLES = 4
"""Number of bodies for each operation and kind; `python -m tests.web.fuzz` tries more."""
SEED = 1
IDS = [each.id for each in OPERATIONS]


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with fuzz.target(tmp_path_factory.mktemp("manager")) as target:
        yield target


@pytest.mark.slow
@pytest.mark.parametrize("operation_id", IDS)
def test_whatever_is_sent_the_answer_is_a_declared_one(target, operation_id):
    target.probe(operation_id, EXAMPLES, SEED)

"""Nothing that is said in a session goes unanswered, or harms another worker or the Manager."""

import pytest

from tests.web import fuzz_sessions

EXAMPLES = 25
SEED = 1


@pytest.mark.slow
@pytest.mark.usefixtures("leftovers")
@pytest.mark.filterwarnings(  # trio-websocket leaves the socket that the Manager closes
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_whatever_a_worker_says_it_is_answered_and_nobody_else_suffers(tmp_path):
    with fuzz_sessions.target(tmp_path) as target:
        target.probe(EXAMPLES, SEED)

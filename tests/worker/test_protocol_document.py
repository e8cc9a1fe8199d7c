"""docs/worker-protocol.md names every message with its fields, and the figures of the code."""

from pathlib import Path

import attrs
import pytest

import web.handshakes
import worker.asking
import worker.backoff
import worker.connection
import worker.machine
import worker.polling
import worker.session
import worker.tasklog
import worker.usage
import worker.worker
from flamenco import protocol
from flamenco.model.reasons import FailureKind
from web.crowds import Crowd

DOCUMENT = Path(__file__).parents[2] / "docs" / "worker-protocol.md"


@pytest.fixture(scope="module")
def document():
    return " ".join(DOCUMENT.read_text("utf-8").split())


@pytest.mark.parametrize("name", protocol.TYPES)
def test_each_message_is_explained(document, name):
    assert f"| `{name}` |" in document


@pytest.mark.parametrize(
    "name", [name for name, kind in protocol.TYPES.items() if kind is not protocol.Assign]
)
def test_each_field_of_a_message_is_named_in_its_row(document, name):
    row = document.split(f"| `{name}` |")[1].split(" | | `")[0]
    missing = [f.name for f in attrs.fields(protocol.TYPES[name]) if f"`{f.name}`" not in row]
    assert not missing


@pytest.mark.parametrize("name", ["NOT_KNOWN", "NO_KEY", "NOT_HERE", "NO_PROOF"])
def test_each_code_of_a_closed_session_is_explained(document, name):
    assert f"| {getattr(protocol, name)} |" in document


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_of_failure_is_explained(document, kind):
    assert f"`{kind}`" in document


def test_the_figures_are_those_of_the_code(document):
    assert f"{worker.backoff.FIRST_SECONDS} s · 2ⁿ" in document
    assert f"at most {worker.backoff.MOST_SECONDS:.0f} s" in document
    assert f"lasted for {worker.session.STABLE_SECONDS:.0f} s" in document
    assert f"({protocol.HEARTBEAT_SECONDS:.0f} s, or" in document
    assert f"every {worker.tasklog.FOLLOWED_SECONDS} s" in document
    assert f"comes for {worker.connection.ANSWER_SECONDS:.0f} s more than that" in document
    assert f"when {worker.tasklog.CHUNK_CHARACTERS // 1024} KiB have gathered" in document
    assert f"after {worker.tasklog.CHUNK_SECONDS:.0f} s" in document
    assert f"above {worker.tasklog.MOST_WAITING // 1024 // 1024} MiB" in document
    assert f"waits at most {worker.worker.SIGN_OFF_SECONDS:.0f} s" in document
    assert f"repeats failed checks every {worker.machine.RECHECK_SECONDS:.0f} s" in document
    assert f"waits at most {worker.machine.PATIENCE_SECONDS:.0f} s for them" in document
    assert f"not answered after {worker.asking.LIMIT_SECONDS:.0f} s" in document
    assert f"beyond {worker.tasklog.MOST_HEAD // 1024 // 1024} MiB" in document
    assert f"the newest {worker.tasklog.MOST_TAIL // 1024} KiB" in document
    assert f"no progress for {worker.usage.STILL_SECONDS:.0f} s" in document
    assert f"less than {worker.usage.LEAST_WORK:.0%}".replace("%", " %") in document
    assert f"measured every {worker.usage.SAMPLE_SECONDS:.0f} s" in document
    assert protocol.PATH in document
    assert f"waits {web.handshakes.HANDSHAKE_SECONDS:.0f} s for each of these" in document
    assert f"takes {Crowd().most_of_address} such Workers of one address" in document


def test_the_intervals_of_a_worker_without_a_session_are_those_of_the_code(document):
    polling = worker.polling
    assert (
        f"{polling.FIRST_FETCH_SECONDS:.0f} s after it woke, {polling.AFTER_TASK_SECONDS:.0f} s"
        f" after a task, {polling.NO_TASK_SECONDS:.0f} s after a 204"
    ) in document
    assert f"after {polling.REFUSED_SECONDS:.0f} s it signs on again" in document
    assert f"may-i-run` | {polling.MAY_I_RUN_SECONDS:.0f} s |" in document
    assert f"`GET state` | {polling.STATE_SECONDS:.0f} s |" in document
    assert f"vary by {polling.JITTER:.0%}".replace("%", " %") in document
    answers = ", ".join(map(str, sorted(polling.AWAY)))
    assert f"After no answer, or {answers}, it repeats" in document

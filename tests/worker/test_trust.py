"""Whom a Worker tells its secret, and whom it leaves alone."""

import pytest

from flamenco import protocol
from worker.trust import Step, step_after

KINDS = {"unproven": (False, True), "proven, told": (True, False), "proven, found": (True, True)}


@pytest.mark.parametrize(
    ("code", "unproven", "told", "found"),
    [
        (401, Step.BASIC, Step.REGISTER, Step.STAY_OUT),
        (403, Step.BASIC, Step.REGISTER, Step.STAY_OUT),
        *((code, Step.POLL, Step.AGAIN, Step.STAY_OUT) for code in (204, 301, 400, 404, 405, 501)),
        (protocol.NO_KEY, Step.BASIC, Step.REGISTER, Step.STAY_OUT),
        (protocol.NOT_KNOWN, Step.REGISTER, Step.REGISTER, Step.STAY_OUT),
        (protocol.NOT_HERE, Step.AGAIN, Step.AGAIN, Step.AGAIN),
        (protocol.NO_PROOF, Step.REGISTER, Step.REGISTER, Step.STAY_OUT),
        (0, Step.AGAIN, Step.AGAIN, Step.AGAIN),
        (421, Step.AGAIN, Step.AGAIN, Step.AGAIN),
        (429, Step.AGAIN, Step.AGAIN, Step.AGAIN),
        (503, Step.AGAIN, Step.AGAIN, Step.AGAIN),
        (1001, Step.AGAIN, Step.AGAIN, Step.AGAIN),
        (1008, Step.AGAIN, Step.AGAIN, Step.AGAIN),
    ],
)
def test_a_proven_secret_is_never_sent_and_a_stranger_gets_no_new_one(code, unproven, told, found):
    steps = {
        name: step_after(code, basic=False, proven=proven, found=was_found)
        for name, (proven, was_found) in KINDS.items()
    }
    assert list(steps.values()) == [unproven, told, found]
    assert step_after(code, basic=False, proven=False, found=False) is unproven


@pytest.mark.parametrize("code", [*range(600), *range(1000, 1016), *range(4000, 4010)])
@pytest.mark.parametrize("found", [True, False])
def test_no_answer_gets_a_proven_secret(code, found):
    for basic in (True, False):
        step = step_after(code, basic=basic, proven=True, found=found)
        assert step not in (Step.BASIC, Step.POLL)
        assert not (found and step is Step.REGISTER)


def test_a_worker_whose_secret_is_refused_registers_again():
    for code in (401, 403):
        assert step_after(code, basic=True, proven=False, found=True) is Step.REGISTER

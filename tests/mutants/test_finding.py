"""What the end of the tests tells of a wrong change."""

import pytest

from tests.mutants.finding import Fate, Finding, NothingTried


@pytest.mark.parametrize(
    ("status", "fate"),
    [(0, Fate.SURVIVED), (1, Fate.FOUND), (2, Fate.ENDED), (3, Fate.ENDED)],
)
def test_a_change_is_found_by_a_test_that_fails(status, fate):
    assert Finding().fate(status) is fate


@pytest.mark.parametrize("status", [4, 5])
def test_a_change_is_not_found_if_no_test_ran(status):
    with pytest.raises(NothingTried):
        Finding().fate(status)


@pytest.mark.parametrize("status", [2, 4])
def test_a_change_by_which_no_test_can_be_imported_is_found(status):
    finding = Finding()
    finding.pytest_collectreport(pytest.CollectReport("test_x.py", "failed", None, []))
    assert finding.fate(status) is Fate.FOUND

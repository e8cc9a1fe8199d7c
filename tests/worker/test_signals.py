"""Signals, and the events of a Windows console that stand for them."""

import signal
import threading

import pytest

from tests.patience import PATIENCE
from worker.console import CLOSE, LOGOFF, SHUTDOWN, EndOfConsole, stopped_by_console
from worker.signals import reloads, stops


def test_a_terminal_that_goes_away_stops_the_worker():
    assert signal.SIGHUP in stops(at_terminal=True)
    assert not reloads(at_terminal=True)


def test_without_a_terminal_sighup_lets_the_worker_look_anew():
    assert signal.SIGHUP not in stops(at_terminal=False)
    assert reloads(at_terminal=False) == {signal.SIGHUP}


@pytest.mark.parametrize("event", [CLOSE, LOGOFF, SHUTDOWN])
def test_windows_waits_for_the_worker_that_its_console_takes_along(event):
    stopping, has_left = threading.Event(), threading.Event()
    waited = []
    handler = EndOfConsole(stopping.set, has_left)
    thread = threading.Thread(target=lambda: waited.append(handler(event)))
    thread.start()
    assert stopping.wait(PATIENCE)
    assert not waited
    has_left.set()
    thread.join(PATIENCE)
    assert waited == [True]


def test_other_events_of_a_console_are_not_ours():
    ctrl_c = 0
    assert EndOfConsole(lambda: pytest.fail("stopped"), threading.Event())(ctrl_c) is False


def test_where_there_are_no_such_consoles_nothing_happens():
    with stopped_by_console(lambda: pytest.fail("stopped")):
        pass

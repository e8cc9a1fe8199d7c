"""Guesses at passwords get slower and slower, for who makes them and for whom they are about."""

import pytest
import trio

from flamenco.access.attempts import FREE, LONGEST_PAUSE, MOST_KNOWN, Attempts, TooSoon


async def heard_after(attempts: Attempts, *about: str) -> float:
    """The seconds until another guess is heard, which is wrong."""
    since = trio.current_time()
    while True:
        try:
            attempts.begin(*about)
        except TooSoon:
            await trio.sleep(1)
        else:
            return trio.current_time() - since


async def test_pauses_grow_after_some_free_guesses_up_to_a_quarter_of_an_hour(autojump_clock):
    attempts = Attempts()
    pauses = [await heard_after(attempts, "ann") for _ in range(FREE + 10)]
    assert pauses[:FREE] == [0] * FREE
    assert pauses[FREE : FREE + 3] == [2, 4, 8]
    assert pauses[-1] == LONGEST_PAUSE


async def test_an_account_and_an_address_each_have_their_own(autojump_clock):
    attempts = Attempts()
    for number in range(FREE):
        attempts.begin(f"account {number}", "10.0.0.1")
    with pytest.raises(TooSoon):
        attempts.begin("account x", "10.0.0.1")
    attempts.begin("account x", "10.0.0.2")


async def test_who_gets_it_right_begins_anew_but_its_address_does_not(autojump_clock):
    attempts = Attempts()
    for _ in range(FREE - 1):
        attempts.begin("ann", "10.0.0.1")
    attempts.begin("ann", "10.0.0.1")
    attempts.succeeded("ann", "10.0.0.1")
    attempts.begin("ann", "10.0.0.1")
    with pytest.raises(TooSoon):
        attempts.begin("ben", "10.0.0.1")
    attempts.begin("ann", "10.0.0.2")


async def test_failures_are_forgotten_after_a_long_time_without_one(autojump_clock):
    attempts = Attempts()
    for _ in range(FREE):
        attempts.begin("ann")
    await trio.sleep(2 * LONGEST_PAUSE + 10)
    for _ in range(FREE - 1):
        attempts.begin("ann")


async def test_no_more_is_remembered_than_there_is_room_for(autojump_clock):
    attempts = Attempts()
    for number in range(MOST_KNOWN + 10):
        attempts.begin(str(number))
    assert len(attempts._failed) == MOST_KNOWN

"""Passwords are hashed by Argon2id, one at a time."""

import os
import sys
import threading
from types import SimpleNamespace

import pytest
import trio

from flamenco.access import passwords
from flamenco.access.passwords import MOST_WAITING, Passwords, TooManyPasswords
from flamenco.access.secrets import digest_of, new_secret


async def test_a_password_fits_its_own_hash_and_no_other():
    kept = Passwords()
    hashed = await kept.hashed("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != await kept.hashed("correct horse")
    assert await kept.fits("correct horse", hashed)
    assert not await kept.fits("correct horses", hashed)


@pytest.mark.parametrize("stored", ["", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
async def test_nothing_fits_what_is_no_hash(stored):
    assert not await Passwords().fits("", stored)


def niceness(*_: str) -> str:
    """The niceness of the thread that asks."""
    return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
async def test_hashes_give_way_to_all_else(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", SimpleNamespace(hash=niceness))
    before = await trio.to_thread.run_sync(niceness)
    assert await Passwords().hashed("correct horse") == "19"
    assert await trio.to_thread.run_sync(niceness) == before


async def test_who_comes_when_very_many_wait_is_sent_away():
    kept, refused = Passwords(), 0

    async def check() -> None:
        nonlocal refused
        try:
            await kept.fits("guess", "")
        except TooManyPasswords:
            refused += 1

    async with trio.open_nursery() as nursery:
        for _ in range(MOST_WAITING + 5):
            nursery.start_soon(check)
    assert 1 <= refused <= 5


def test_secrets_are_long_and_a_longer_one_is_no_ones():
    secret = new_secret()
    assert len(secret) == 43
    assert digest_of(secret) != digest_of(secret + "x") != digest_of("x" * 10_000)

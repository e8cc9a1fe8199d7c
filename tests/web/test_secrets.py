"""What Workers prove themselves with: cheap to check, and nothing in the database gives it away."""

import hashlib
import sqlite3
from contextlib import closing

import bcrypt
import pytest

from flamenco.config.manager import DATABASE_NAME
from tests.web.conftest import call, edge_at
from tests.web.test_edge import SECRET, registered

SALT = bytes(16)
EARLIER = {
    "scrypt": f"{SALT.hex()}${hashlib.scrypt(SECRET.encode(), salt=SALT, n=4096, r=8, p=1).hex()}",
    "bcrypt": bcrypt.hashpw(SECRET.encode()[:72], bcrypt.gensalt(4)).decode(),
}


def stored(folder, sql: str, *values: str) -> list[str]:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as db, db:
        return [row[0] for row in db.execute(sql, values)]


async def test_the_hash_of_a_secret_is_stored(edge):
    await registered(edge)
    [kept] = stored(edge.storage, "SELECT secret_hash FROM workers")
    assert kept == f"sha256${hashlib.sha256(SECRET.encode()).hexdigest()}"


@pytest.mark.parametrize("kind", EARLIER)
async def test_a_slow_hash_is_replaced_when_its_worker_comes_and_nobody_else_s(tmp_path, kind):
    async with edge_at(tmp_path) as edge:
        anna = await registered(edge)
    stored(tmp_path, "UPDATE workers SET secret_hash = ?", EARLIER[kind])
    async with edge_at(tmp_path) as edge:
        await call(edge, "GET", "worker/state", status=403, auth=(anna, "another"))
        assert stored(tmp_path, "SELECT secret_hash FROM workers") == [EARLIER[kind]]
        await call(edge, "GET", "worker/state", status=204, auth=(anna, SECRET))
    [kept] = stored(tmp_path, "SELECT secret_hash FROM workers")
    assert kept.startswith("sha256$")
    async with edge_at(tmp_path) as edge:
        await call(edge, "GET", "worker/state", status=204, auth=(anna, SECRET))
        await call(edge, "GET", "worker/state", status=403, auth=(anna, "another"))


@pytest.mark.parametrize("nobody", ["00000000-0000-0000-0000-000000000000", "", "x" * 500])
async def test_an_unknown_worker_has_no_secret(edge, nobody):
    for secret in (SECRET, "", "sha256$"):
        await call(edge, "GET", "worker/state", status=403, auth=(nobody, secret))

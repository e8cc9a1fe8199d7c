"""The proofs of a session are those that docs/worker-protocol.md describes."""

import hashlib
import hmac
import json

import pytest

from flamenco.proofs import Exchange, address_of, farm_key, new_nonce, same, worker_key

ABOUT = Exchange(worker_id="anna", address="10.0.0.5 8080", worker_nonce="11", manager_nonce="22")
KEY = hashlib.sha256(b"secret").digest()


def proof(key: bytes, *end: str) -> str:
    about = ["flamenco session 1", *end, "anna", "10.0.0.5 8080", "11", "22"]
    text = json.dumps(about, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_a_proof_is_the_hmac_of_all_that_it_is_about():
    assert worker_key("secret") == KEY
    assert ABOUT.managers_proof(KEY) == proof(KEY, "manager")
    assert ABOUT.workers_proof(KEY) == proof(KEY, "worker", "")
    farm = hashlib.scrypt(b"hush", salt=b"flamenco registration", n=2**14, r=8, p=1, dklen=64)
    assert ABOUT.workers_proof(farm_key("hush"), "ab") == proof(farm, "worker", "ab")


def test_no_two_nonces_are_the_same():
    assert len({new_nonce() for _ in range(1000)}) == 1000
    assert same("a", "a")
    assert not same("a", "b")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (("10.0.0.5", 8080), "10.0.0.5 8080"),
        (("::ffff:10.0.0.5", 8080, 0, 0), "10.0.0.5 8080"),
        (("fe80::1%eth0", 80, 0, 2), "fe80::1 80"),
        (("2001:DB8:0::1", 80, 0, 0), "2001:db8::1 80"),
    ],
)
def test_both_ends_of_a_connection_name_an_address_alike(name, address):
    assert address_of(name) == address

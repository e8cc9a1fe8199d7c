"""What browsers are told is for them alone, and signed, as RFC 8291 and RFC 8292 have it."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from flamenco.notices import WrongAddress
from flamenco.notices.pushing import (
    LONGEST,
    RECORD,
    browser_keys,
    bytes_of,
    encrypted,
    new_signing_key,
    public_key,
    push_headers,
    text_of,
)
from tests.pushes import PlayedBrowser, checked_token

OWN = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
TOLD = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
    "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
    "y4a-fN"
)


def test_a_message_is_encrypted_as_in_the_example_of_rfc_8291():
    own = derive_private_key(int.from_bytes(bytes_of(OWN), "big"), SECP256R1())
    told = encrypted(
        b"When I grow up, I want to be a watermelon",
        browser_keys(PUBLIC, AUTH),
        salt=bytes_of(SALT),
        own=own,
    )
    assert text_of(told) == TOLD


@pytest.mark.parametrize("size", [0, 1, LONGEST])
def test_only_the_browser_reads_it_and_it_fits_in_a_record(size):
    browser = PlayedBrowser()
    message = b"x" * size
    first, second = (encrypted(message, browser_keys(*browser.keys)) for _ in range(2))
    assert browser.reads(first) == browser.reads(second) == message
    assert first != second
    assert len(first) <= RECORD


def test_a_signature_is_for_one_service_and_a_short_time():
    key = new_signing_key()
    address = "https://push.example:8443/send/abc?x=1"
    told = push_headers(address, key, "mailto:farm@studio", 1_700_000_000)
    claims = checked_token(told["authorization"], public_key(key))
    assert claims == {
        "aud": "https://push.example:8443",
        "exp": 1_700_000_000 + 12 * 3600,
        "sub": "mailto:farm@studio",
    }
    assert json.dumps(claims)
    assert public_key(key) != public_key(new_signing_key())


@pytest.mark.parametrize(
    ("public", "auth"),
    [("", ""), (PUBLIC, "c2hvcnQ"), ("c2hvcnQ", AUTH), (PUBLIC[:-4] + "AAAA", AUTH), ("ä", AUTH)],
)
def test_what_are_no_keys_is_refused(public, auth):
    with pytest.raises(WrongAddress, match="PushSubscription"):
        browser_keys(public, auth)

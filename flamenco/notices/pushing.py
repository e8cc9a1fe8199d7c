"""Messages for browsers by way of their makers' push services (RFC 8030, 8291 and 8292).

The service passes on what it can't read; it knows the Manager by a key that it has signed with.
"""

import base64
import json
import os
import struct
from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flamenco.notices.wording import WrongAddress

RECORD = 4096
"""Size of a record in bytes; a message is one record (RFC 8291 §4)."""

LONGEST = RECORD - 16 - 1 - 86
"""Maximum bytes of a message: without the tag, the mark of its end, and its head."""

PUBLIC_BYTES, AUTH_BYTES = 65, 16
KEPT_SECONDS = 24 * 3600
"""Seconds for which the service keeps a message for a browser that is closed."""

SIGNED_SECONDS = 12 * 3600
"""Seconds for which a signature counts; a day is the most (RFC 8292 §2)."""


@attrs.frozen
class BrowserKeys:
    """Keys of a browser's subscription."""

    public: bytes
    auth: bytes = attrs.field(repr=False)

    @property
    def text(self) -> str:
        return f"{text_of(self.public)}.{text_of(self.auth)}"


def browser_keys(public: str, auth: str) -> BrowserKeys:
    """The keys as a browser tells them. Raises `WrongAddress` if they are none."""
    try:
        keys = BrowserKeys(bytes_of(public), bytes_of(auth))
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), keys.public)
    except ValueError:
        keys = BrowserKeys(b"", b"")
    if len(keys.public) != PUBLIC_BYTES or len(keys.auth) != AUTH_BYTES:
        raise WrongAddress("keys: expected those of a browser's PushSubscription")
    return keys


def new_signing_key() -> str:
    """A private key by which push services know this Manager."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return text_of(number.to_bytes(32, "big"))


def public_key(signing_key: str) -> str:
    """The public key that a browser asks for when it subscribes."""
    return text_of(_point(_private(signing_key).public_key()))


def encrypted(
    message: bytes,
    keys: BrowserKeys,
    *,
    salt: bytes | None = None,
    own: EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A message that only the browser reads; ``salt`` and ``own`` key are new each time."""
    own, salt = own or generate_private_key(SECP256R1()), salt or os.urandom(16)
    point = _point(own.public_key())
    browser = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), keys.public)
    shared = own.exchange(ECDH(), browser)
    key = _derived(shared, keys.auth, b"WebPush: info\0" + keys.public + point, 32)
    content_key = _derived(key, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(key, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, message + b"\x02", None)
    return salt + struct.pack("!IB", RECORD, len(point)) + point + sealed


def push_headers(address: str, signing_key: str, contact: str, seconds: int) -> Mapping[str, str]:
    """Headers of a message that is sent at a time, in whole seconds since 1970."""
    url = urlsplit(address)
    claims = {
        "aud": f"{url.scheme}://{url.netloc}",
        "exp": seconds + SIGNED_SECONDS,
        "sub": contact,
    }
    parts = [{"typ": "JWT", "alg": "ES256"}, claims]
    said = ".".join(text_of(json.dumps(each).encode()) for each in parts)
    r, s = decode_dss_signature(_private(signing_key).sign(said.encode(), ECDSA(SHA256())))
    token = f"{said}.{text_of(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return {
        "authorization": f"vapid t={token}, k={public_key(signing_key)}",
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(KEPT_SECONDS),
    }


def text_of(data: bytes) -> str:
    """Bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """The bytes that base64url stands for. Raises ValueError."""
    text = text.rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _private(signing_key: str) -> EllipticCurvePrivateKey:
    return derive_private_key(int.from_bytes(bytes_of(signing_key), "big"), SECP256R1())


def _point(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)

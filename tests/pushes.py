"""A browser's end of a push service, by RFC 8291 and RFC 8292, in the test's hands."""

import json
import os
import struct
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flamenco.notices.pushing import bytes_of, text_of

CURVE = ec.SECP256R1()


@attrs.define
class PlayedBrowser:
    """A browser that has subscribed."""

    key: ec.EllipticCurvePrivateKey = attrs.field(factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = attrs.field(factory=lambda: os.urandom(16))

    @property
    def public(self) -> bytes:
        found = self.key.public_key()
        return found.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> tuple[str, str]:
        return text_of(self.public), text_of(self.auth)

    def reads(self, told: bytes) -> bytes:
        """What a message says. Raises InvalidTag if it is for another one."""
        salt, (size, length) = told[:16], struct.unpack("!IB", told[16:21])
        sender, sealed = told[21 : 21 + length], told[21 + length :]
        assert len(sealed) <= size
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        info = b"WebPush: info\x00" + self.public + sender
        secret = HKDF(SHA256(), 32, self.auth, info).derive(self.key.exchange(ec.ECDH(), point))
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        message, mark, rest = padded.rpartition(b"\x02")
        assert (mark, rest.strip(b"\x00")) == (b"\x02", b"")
        return message


def checked_token(authorization: str, public: str) -> dict[str, Any]:
    """The claims of a header whose signature is that of a public key. Raises InvalidSignature."""
    scheme, _, rest = authorization.partition(" ")
    fields = dict(each.strip().split("=", 1) for each in rest.split(","))
    assert (scheme, fields["k"]) == ("vapid", public)
    head, claims, signature = fields["t"].split(".")
    raw = bytes_of(signature)
    numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes_of(public))
    key.verify(encode_dss_signature(*numbers), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    assert json.loads(bytes_of(head)) == {"typ": "JWT", "alg": "ES256"}
    return json.loads(bytes_of(claims))

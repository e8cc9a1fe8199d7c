"""The Manager's own TLS, by a certificate that is read again when its files change.

Each reading makes a new context: half of a new pair, loaded into the one in use, would break it.
Connections that are open keep what they began with.
"""

import logging
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import attrs
import trio
from cryptography import x509

from flamenco import clock
from flamenco.config.errors import ConfigError
from flamenco.config.manager import StoragePaths
from web.refusing import Refused

logger = logging.getLogger("flamenco.web")

LOOK_SECONDS = 60.0
"""Seconds between looks at the files."""
SOON = timedelta(days=14)
"""Time before the end of a certificate from which that is told once a day."""
HANDSHAKE = 0x16
"""First byte from a client that speaks TLS (RFC 8446 §5.1)."""
PLAIN = Refused(400, "this Manager speaks TLS only: its address begins with https://")
ENDS = "the certificate is valid until %s; files that replace it need no restart"
OVER = "clients refuse the certificate, which was valid until %s: replace its files"


@attrs.frozen
class _Pair:
    """A certificate and its key, as they were in their files."""

    content: tuple[bytes, bytes]
    context: ssl.SSLContext
    expires: datetime
    names: tuple[str, ...]
    """Names of hosts that it is for, in lower case, but for those with a wildcard."""


@attrs.define(eq=False)
class Tls:
    """TLS by the certificate in these files. Raises ConfigError when it is made."""

    _certificate: Path
    _key: Path
    _pair: _Pair = attrs.field(init=False)
    _told: datetime | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._pair = _pair(self._certificate, self._key)
        self._tell_of_the_end()

    @property
    def context(self) -> ssl.SSLContext:
        """The context of a new connection."""
        return self._pair.context

    @property
    def names(self) -> tuple[str, ...]:
        """Names of hosts in the certificate."""
        return self._pair.names

    @property
    def name(self) -> str:
        """The first of them; empty without any."""
        return next(iter(self.names), "")

    async def keep_current(self) -> None:
        """Take new files over, until cancelled. While they are wrong, the last ones count."""
        told = ""
        while True:
            await trio.sleep(LOOK_SECONDS)
            wrong = ""
            try:
                await trio.to_thread.run_sync(self._look)
            except ConfigError as error:
                wrong = str(error)
                if wrong != told:
                    logger.error("the certificate stays as it was: %s", wrong)
            told = wrong
            self._tell_of_the_end()

    def _look(self) -> None:
        if _content(self._certificate, self._key) != self._pair.content:
            self._pair, self._told = _pair(self._certificate, self._key), None
            logger.info("a new certificate is in use, valid until %s", self._pair.expires.date())

    def _tell_of_the_end(self) -> None:
        now, expires = clock.now(), self._pair.expires
        if expires - now < SOON and (self._told is None or now - self._told > timedelta(days=1)):
            self._told = now
            logger.warning(ENDS if expires > now else OVER, expires.date())


def own_tls(paths: StoragePaths) -> Tls | None:
    """TLS by the certificate of the configuration; None without one. Raises ConfigError."""
    certificate, key = paths.certificate, paths.key
    if certificate and key:
        return Tls(certificate, key)
    if certificate or key:
        raise ConfigError(
            "configuration",
            "expected both files, the certificate and its key",
            "tls.key" if certificate else "tls.certificate",
        )
    return None


def _content(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    return _bytes_of(certificate), _bytes_of(key)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(str(path), f"can't be read: {error.strerror}") from None


def _pair(certificate: Path, key: Path) -> _Pair:
    """Read a pair. Raises ConfigError."""
    content = _content(certificate, key)
    try:
        leaf = x509.load_pem_x509_certificates(content[0])[0]
        names, expires = _names_in(leaf), leaf.not_valid_after_utc
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise ConfigError(str(certificate), "expected a certificate in PEM") from None
    if b"ENCRYPTED" in content[1]:
        raise ConfigError(str(key), "expected a key without a password")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        is_other = error.reason == "KEY_VALUES_MISMATCH"
        expected = f"the key of {certificate}" if is_other else "a private key in PEM"
        raise ConfigError(str(key), f"expected {expected}") from None
    except OSError as error:
        raise ConfigError(str(key), f"can't be read: {error.strerror}") from None
    return _Pair(content, context, expires, names)


def _names_in(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    names = found.value.get_values_for_type(x509.DNSName)
    return tuple(name.lower() for name in names if "*" not in name)

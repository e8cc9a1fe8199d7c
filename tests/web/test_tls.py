"""The Manager's own TLS, over real sockets."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import httpx
import pytest
import trio
import trio_websocket
import trustme

from flamenco import clock
from flamenco.config.auth import AuthConfig
from flamenco.config.errors import ConfigError
from flamenco.config.manager import ManagerConfig, TlsConfig
from flamenco.model.access import AuthMode
from tests.patience import PATIENCE, until
from tests.web.conftest import edge_at
from tests.web.people import PASSWORD
from tests.web.test_edge import live_events
from web import tls as own
from web.signing import first_operators_link
from web.tls import Tls, own_tls

# trio-websocket leaves the socket of a broken connection to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

VERSION = "/api/v3/version"
MEBIBYTE = 2**20


@attrs.frozen
class Authority:
    """Who vouches for certificates, and the files that the Manager's one is in."""

    folder: Path
    ca: trustme.CA = attrs.field(factory=trustme.CA)

    @property
    def certificate(self) -> Path:
        return self.folder / "own.pem"

    @property
    def key(self) -> Path:
        return self.folder / "own.key"

    def issue(self, *names: str, **options) -> Tls:
        """Write a pair of files, and read it."""
        made = self.ca.issue_cert(*names, "127.0.0.1", **options)
        self.key.write_bytes(made.private_key_pem.bytes())
        self.certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
        return Tls(self.certificate, self.key)

    @property
    def trusted(self) -> ssl.SSLContext:
        """What clients trust."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    return Authority(folder)


def at(folder, authority, tls, **options):
    return edge_at(folder, tls=tls, certificates=authority.trusted, **options)


async def test_requests_files_and_live_events_go_over_tls_and_nothing_else_does(
    tmp_path, authority
):
    async with at(tmp_path, authority, authority.issue("farm.example")) as edge:
        answer = await edge.http.get(VERSION)
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"] == "max-age=2592000"
        body = b"x" * MEBIBYTE
        sent = await edge.http.post(
            "/api/v3/shaman/files/" + "0" * 64 + f"/{MEBIBYTE}", content=body
        )
        assert sent.status_code == 417
        large = await edge.http.get("/api/v3/openapi3.json")
        assert len(large.content) > MEBIBYTE / 4
        named = await edge.http.get(VERSION, headers={"Host": "farm.example"})
        assert named.status_code == 200
        assert (await edge.http.get("/app/", headers={"Host": "other.example"})).status_code == 421

        url = f"{edge.socket_url}/live"
        async with trio_websocket.open_websocket_url(url, authority.trusted) as socket:
            assert (await live_events(socket))["event"] == "/status"

        plain = edge.url.replace("https", "http")
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            refused = await http.get(plain + VERSION)
        assert refused.status_code == 400
        assert "https://" in refused.json()["message"]


async def test_a_sign_in_over_tls_is_kept_to_tls(tmp_path, authority):
    config = ManagerConfig(auth=AuthConfig(mode=AuthMode.USERS))
    async with at(tmp_path, authority, authority.issue(), config=config) as edge:
        link = {"secret": await first_operators_link(edge.farm), "password": PASSWORD}
        used = await edge.http.post("/api/v3/access/use-link", json=link | {"name": "Ann"})
        assert "; Secure" in used.headers["set-cookie"]


async def test_a_client_that_breaks_off_the_handshake_or_is_silent_harms_nobody(
    tmp_path, authority
):
    async with at(tmp_path, authority, authority.issue()) as edge:
        port = int(edge.url.rpartition(":")[2])
        for said in (b"", b"\x16", b"\x16\x03\x01\x00\x05hello"):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(said)
            await stream.aclose()
        assert (await edge.http.get(VERSION)).status_code == 200


async def serial(edge, authority) -> int:
    """The serial number of the certificate that a new connection shows."""
    port = int(edge.url.rpartition(":")[2])
    stream = await trio.open_ssl_over_tcp_stream(
        "127.0.0.1", port, ssl_context=authority.trusted, https_compatible=True
    )
    async with stream:
        await stream.do_handshake()
        return stream.getpeercert()["serialNumber"]


async def test_a_new_certificate_is_taken_over_and_open_connections_go_on(
    tmp_path, authority, monkeypatch, nursery, caplog
):
    monkeypatch.setattr(own, "LOOK_SECONDS", 0.01)
    tls = authority.issue()
    nursery.start_soon(tls.keep_current)
    async with at(tmp_path, authority, tls) as edge:
        url = f"{edge.socket_url}/live"
        async with trio_websocket.open_websocket_url(url, authority.trusted) as socket:
            await live_events(socket)
            old = await serial(edge, authority)
            good = authority.key.read_bytes()
            authority.key.write_bytes(b"nonsense")
            await until(lambda: "stays as it was" in caplog.text)
            assert await serial(edge, authority) == old
            assert caplog.text.count("stays as it was") == 1
            authority.key.write_bytes(good)
            authority.issue()
            context = tls.context
            await until(lambda: tls.context is not context)
            assert await serial(edge, authority) != old
            await socket.send_message('{"op": "subscribe", "topic": "/jobs"}')
            await live_events(socket)


async def test_what_is_wrong_with_the_files_is_said(authority, tmp_path):
    def wrong() -> str:
        with pytest.raises(ConfigError) as caught:
            Tls(authority.certificate, authority.key)
        return str(caught.value)

    assert "can't be read: No such file" in wrong()
    authority.issue()
    other = authority.ca.issue_cert("127.0.0.1").private_key_pem.bytes()
    authority.key.write_bytes(other)
    assert f"expected the key of {authority.certificate}" in wrong()
    authority.key.write_bytes(b"nonsense")
    assert "expected a private key in PEM" in wrong()
    authority.key.write_bytes(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert "without a password" in wrong()
    authority.certificate.write_bytes(b"nonsense")
    assert "expected a certificate in PEM" in wrong()
    authority.certificate.unlink()
    authority.certificate.mkdir()
    assert "can't be read" in wrong()
    half = ManagerConfig(tls=TlsConfig(certificate="own.pem"))
    with pytest.raises(ConfigError, match=r"tls\.key"):
        own_tls(half.paths(tmp_path))
    assert own_tls(ManagerConfig().paths(tmp_path)) is None


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=30), ""),
        (timedelta(days=3), "is valid until"),
        (timedelta(days=-3), "clients refuse the certificate"),
    ],
)
async def test_the_end_of_a_certificate_is_told_before_and_after(authority, caplog, left, said):
    authority.issue(not_after=clock.now() + left, not_before=datetime(2020, 1, 1, tzinfo=UTC))
    assert said in caplog.text
    assert bool(caplog.text) == bool(said)

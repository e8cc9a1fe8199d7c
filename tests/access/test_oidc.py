"""A provider of OpenID Connect that is played by the test, and behaves badly."""

import base64
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
import trio
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from flamenco import clock
from flamenco.access import fetching, oidc
from flamenco.access.begun import Begun, NotVouched
from flamenco.access.fetching import MOST_READ, Kept, ProviderTrouble
from flamenco.access.oidc import LEEWAY_SECONDS, Provider
from flamenco.config.auth import OidcConfig

BEGUN = Begun("the browser's secret")
BACK = "http://farm/app/sign-in"
RSA, EC, OTHER = (
    RSAKey.generate_key(2048, {"kid": "first"}),
    ECKey.generate_key("P-256", {"kid": "second"}),
    RSAKey.generate_key(2048, {"kid": "first"}),
)
DISCOVERY = "/.well-known/openid-configuration"


@attrs.define
class Played:
    """A provider, and what it says at each path."""

    port: int
    key: object = RSA
    published: tuple = (RSA,)
    algorithm: str = "RS256"
    claims: dict = attrs.field(factory=dict)
    """Claims that differ from what they should be, times as from now; None leaves one out."""
    document: dict = attrs.field(factory=dict)
    told: dict = attrs.field(factory=lambda: {"sub": "7", "groups": ["artists"]})
    """What it tells of a user beside the token."""
    instead: dict[str, bytes] = attrs.field(factory=dict)
    """{path: what comes in place of an answer}."""
    asked: list[str] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str) -> object:
        match path:
            case "/keys":
                return {"keys": [each.as_dict(private=False) for each in self.published]}
            case "/token":
                return {"id_token": self.token(), "access_token": "shown", "token_type": "Bearer"}
            case "/user":
                return self.told
        places = {"authorization": "enter", "token": "token", "userinfo": "user"}
        named = {f"{name}_endpoint": f"{self.url}/{each}" for name, each in places.items()}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **named} | self.document

    def token(self) -> str:
        now = int(clock.now().timestamp())
        right = {"iss": self.url, "aud": "flamenco", "sub": "7", "nonce": BEGUN.nonce}
        right |= {"iat": 0, "exp": 300, "preferred_username": "Ann"}
        claims = {key: value for key, value in (right | self.claims).items() if value is not None}
        for key in {"iat", "exp"} & claims.keys():
            claims[key] = now + claims[key] if isinstance(claims[key], int) else claims[key]
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive_some()
            length = int((re.findall(rb"(?i)content-length: (\d+)", head) or [0])[0])
            while len(head.partition(b"\r\n\r\n")[2]) < length:
                head += await stream.receive_some()
            path = urlsplit(head.split(b" ")[1].decode()).path
            self.asked.append(path)
            content = json.dumps(self.answer(path)).encode()
            whole = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + content
            try:
                await self._send(stream, self.instead.get(path, whole))
            except trio.BrokenResourceError:
                return

    async def _send(self, stream: trio.SocketStream, content: bytes) -> None:
        if content == SLOW:
            await trio.sleep_forever()
        await stream.send_all(content)
        while content.endswith(ENDLESS):
            await stream.send_all(ENDLESS)


SLOW = b"slow"
ENDLESS = b" " * 2**16
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@asynccontextmanager
async def played(**more) -> AsyncIterator[tuple[Played, Provider]]:
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        provider = Played(listener.socket.getsockname()[1], **more)
        nursery.start_soon(partial(trio.serve_listeners, provider.serve, [listener]))
        yield provider, Provider(OidcConfig(issuer=provider.url))
        nursery.cancel_scope.cancel()


async def test_the_way_in_has_all_that_binds_the_answer_to_the_question():
    async with played() as (provider, asking):
        url = await asking.way_in(BEGUN, BACK)
        asked = {key: value for key, (value,) in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{provider.url}/enter?")
        assert asked == {
            "response_type": "code",
            "client_id": "flamenco",
            "redirect_uri": BACK,
            "scope": "openid profile",
            "state": BEGUN.state,
            "nonce": BEGUN.nonce,
            "code_challenge": BEGUN.challenge,
            "code_challenge_method": "S256",
        }
        assert BEGUN.verifier not in url
        assert len({BEGUN.state, BEGUN.nonce, BEGUN.verifier, BEGUN.challenge}) == 4
        assert Begun("another").state != BEGUN.state
        assert await asking.way_out(BACK) == ""


async def test_who_signs_in_is_who_the_token_says_with_what_the_provider_tells_beside_it():
    async with played() as (provider, asking):
        identity = await asking.identity(BEGUN, "code", BACK)
        assert (identity.source, identity.subject, identity.name) == (provider.url, "7", "Ann")
        assert identity.groups == {"artists"}
        provider.told = {"sub": "8", "groups": ["it"]}
        with pytest.raises(NotVouched, match="somebody else"):
            await asking.identity(BEGUN, "code", BACK)
        provider.claims = {"groups": ["runners"]}
        assert (await asking.identity(BEGUN, "code", BACK)).groups == {"runners"}


@pytest.mark.parametrize(
    ("claims", "refused"),
    [
        ({"iss": "http://127.0.0.1:1"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["another", "third"]}, "aud"),
        ({"azp": "another"}, "azp"),
        ({"nonce": Begun("another").nonce}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": -LEEWAY_SECONDS - 60}, "clock of the Manager is ahead"),
        ({"iat": LEEWAY_SECONDS + 600}, "clock of the Manager is behind"),
        ({"preferred_username": " "}, "tells no preferred_username"),
        ({"preferred_username": 7}, "tells no preferred_username"),
    ],
)
async def test_a_token_that_is_not_for_this_sign_in_is_refused(claims, refused):
    async with played(claims=claims) as (_, asking):
        with pytest.raises(NotVouched, match=refused):
            await asking.identity(BEGUN, "code", BACK)


async def test_clocks_may_differ_by_a_minute():
    off = {"iat": LEEWAY_SECONDS // 2, "exp": -LEEWAY_SECONDS // 2}
    async with played(claims=off) as (_, asking):
        assert (await asking.identity(BEGUN, "code", BACK)).name == "Ann"


@pytest.mark.parametrize("told", [{"email_verified": False}, {"email_verified": "false"}, {}])
async def test_an_address_that_is_not_verified_names_nobody(told):
    claims = {"email": "ann@studio.example", "groups": [], **told}
    async with played(claims=claims) as (provider, _):
        asking = Provider(OidcConfig(issuer=provider.url, name_claim="email"))
        with pytest.raises(NotVouched, match="tells no email"):
            await asking.identity(BEGUN, "code", BACK)
        provider.claims = claims | {"email_verified": True}
        assert (await asking.identity(BEGUN, "code", BACK)).name == "ann@studio.example"


async def test_a_question_that_is_given_up_is_asked_again_by_the_next():
    asked, answers = 0, trio.Event()

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await answers.wait()
        return asked

    kept = Kept(ask)
    with trio.move_on_after(0.01):
        await kept.get()
    answers.set()
    assert await kept.get() == 2


async def test_only_a_key_of_the_provider_signs():
    async with played(key=OTHER) as (_, asking):
        with pytest.raises(NotVouched, match="does not hold"):
            await asking.identity(BEGUN, "code", BACK)
    for algorithm, key in (("none", b""), ("HS256", RSA.as_pem(private=False))):
        async with played() as (provider, asking):
            header = base64url(json.dumps({"alg": algorithm, "kid": "first"}).encode())
            signed = f"{header}.{provider.token().split('.')[1]}"
            forged = hmac.digest(key, signed.encode(), "sha256") if key else b""
            token = {"id_token": f"{signed}.{base64url(forged)}"}
            provider.instead["/token"] = OK + b"\r\n" + json.dumps(token).encode()
            with pytest.raises(NotVouched, match="does not hold"):
                await asking.identity(BEGUN, "code", BACK)


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def test_keys_rotate_and_are_asked_for_anew_at_a_pace(monkeypatch):
    async with played(published=(RSA, OctKey.generate_key())) as (provider, asking):
        await asking.identity(BEGUN, "code", BACK)
        provider.key, provider.algorithm = EC, "ES256"
        provider.published = (RSA, EC)
        for _ in range(3):
            with pytest.raises(NotVouched, match="kid"):
                await asking.identity(BEGUN, "code", BACK)
        assert provider.asked.count("/keys") == 1
        monkeypatch.setattr(oidc, "KEYS_AGAIN_SECONDS", 0.0)
        for _ in range(3):
            assert (await asking.identity(BEGUN, "code", BACK)).name == "Ann"
        assert provider.asked.count("/keys") == 2


NONSENSE: dict[str, tuple[str, bytes, str]] = {
    "no JSON": (DISCOVERY, OK + b"\r\n<html>", "something unexpected"),
    "not a document": (DISCOVERY, OK + b"\r\n[]", "something unexpected"),
    "very deep": (DISCOVERY, OK + b"\r\n" + b"[" * 500_000, "something unexpected"),
    "a redirect": (DISCOVERY, b"HTTP/1.1 302 Found\r\nLocation: /keys\r\n\r\n", "answered 302"),
    "a failure": ("/token", b"HTTP/1.1 500 Oh\r\n\r\n", "something unexpected"),
    "no HTTP": (DISCOVERY, b"hello\r\n\r\n", "can't be reached"),
    "cut off": (DISCOVERY, OK + b"Content-Length: 9\r\n\r\n{", "can't be reached"),
    "endless": (DISCOVERY, OK + b"\r\n" + ENDLESS, f"more than {MOST_READ} bytes"),
    "endless keys": ("/keys", OK + b"\r\n" + ENDLESS, f"more than {MOST_READ} bytes"),
    "squeezed": (DISCOVERY, OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b", "unexpected"),
    "no keys": ("/keys", OK + b'\r\n{"keys": [{"kty": "oct", "k": "AA"}]}', "no key"),
    "no token": ("/token", OK + b'\r\n{"access_token": "x"}', "without a token"),
    "broken token": ("/token", OK + b'\r\n{"id_token": "x.y.z"}', "token"),
    "slow": ("/token", SLOW, "did not answer within"),
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_a_provider_that_answers_nonsense_costs_little_and_is_told(what, monkeypatch):
    monkeypatch.setattr(fetching, "ANSWER_SECONDS", 2.0)
    path, instead, told = NONSENSE[what]
    async with played(instead={path: instead}) as (_, asking):
        with pytest.raises((ProviderTrouble, NotVouched), match=told):
            await asking.identity(BEGUN, "code", BACK)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"issuer": "https://id.example"}, "calls itself https://id.example"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "is not encrypted"),
        ({"token_endpoint": "http://192.168.1.7/token"}, "is not encrypted"),
        ({"end_session_endpoint": "//evil"}, "is not encrypted"),
    ],
)
async def test_a_provider_leads_nobody_astray(document, told):
    async with played(document=document) as (_, asking):
        with pytest.raises(ProviderTrouble, match=told):
            await asking.way_in(BEGUN, BACK)


async def test_many_who_come_while_a_provider_is_slow_wait_once_and_it_is_asked_again(monkeypatch):
    monkeypatch.setattr(fetching, "ANSWER_SECONDS", 0.5)
    async with played(instead={DISCOVERY: SLOW}) as (provider, asking):
        told: list[str] = []

        async def come(way_in: Callable) -> None:
            with pytest.raises(ProviderTrouble) as trouble:
                await way_in(BEGUN, BACK)
            told.append(str(trouble.value))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(come, asking.way_in)
        assert len(told) == 20
        assert provider.asked == [DISCOVERY]
        del provider.instead[DISCOVERY]
        monkeypatch.setattr(fetching, "PAUSE_SECONDS", 0.0)
        assert await asking.way_in(BEGUN, BACK)

"""Single sign-on by OpenID Connect: the code flow (Core 1.0 §3.1) with PKCE (RFC 7636)."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus

import attrs
import httpx
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from flamenco import clock
from flamenco.access.begun import Begun, NotVouched
from flamenco.access.fetching import Kept, ProviderTrouble, ask, decoded, fetch
from flamenco.config.auth import OidcConfig
from flamenco.model.bounds import Few, Line, Prose, Values, Word, cut
from flamenco.model.people import LONGEST_NAME, Identity
from flamenco.model.reach import is_confidential

LEEWAY_SECONDS = 60
"""Seconds by which the clocks of provider and Manager may differ."""
KEYS_AGAIN_SECONDS = 30.0
"""Seconds after which the keys are asked for anew if a token is signed with none of them."""
MOST_GROUPS = 10_000
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
"""Signatures that are believed: by none of these can who knows the public key sign."""
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
_DISCOVERY = "/.well-known/openid-configuration"
_BASIC = "client_secret_basic"


@attrs.frozen(kw_only=True)
class Document:
    """Parts of what a provider says of itself (OpenID Connect Discovery 1.0 §3)."""

    issuer: Line
    authorization_endpoint: Line
    token_endpoint: Line
    jwks_uri: Line
    userinfo_endpoint: Line = ""
    end_session_endpoint: Line = ""
    token_endpoint_auth_methods_supported: Few[Word] = (_BASIC,)


@attrs.frozen
class _Keys:
    keys: Few[Values]


@attrs.frozen(kw_only=True)
class _Tokens:
    """Answer of the token endpoint."""

    id_token: Prose = ""
    access_token: Prose = ""
    error: Word = ""
    error_description: Prose = ""


@attrs.define(eq=False)
class Provider:
    """The provider that the configuration names. All that asks it raises `ProviderTrouble`."""

    _config: OidcConfig
    _document: Kept[Document] = attrs.field(init=False)
    _keys: Kept[KeySet] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._document = Kept(self._fetch_document)
        self._keys = Kept(self._fetch_keys)

    async def way_in(self, begun: Begun, back: str) -> str:
        """Address to which a browser goes to sign in, and from which it comes ``back``."""
        document = await self._document.get()
        return _with(
            document.authorization_endpoint,
            response_type="code",
            client_id=self._config.client_id,
            redirect_uri=back,
            scope=self._config.scopes,
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=begun.challenge,
            code_challenge_method="S256",
        )

    async def way_out(self, back: str) -> str:
        """Address at which a browser signs out of the provider, too; empty if there is none."""
        document = await self._document.get()
        if not document.end_session_endpoint:
            return ""
        out = {"client_id": self._config.client_id, "post_logout_redirect_uri": back}
        return _with(document.end_session_endpoint, **out)

    async def identity(self, begun: Begun, code: str, back: str) -> Identity:
        """The person for whom the provider gave a code. Raises `NotVouched`."""
        document = await self._document.get()
        tokens = await self._exchange(document, begun, code, back)
        claims = await self._verified(document, tokens.id_token, begun.nonce)
        wanted = {self._config.name_claim, self._config.groups_claim}
        if not wanted <= claims.keys() and document.userinfo_endpoint and tokens.access_token:
            shown = {"Authorization": f"Bearer {tokens.access_token}"}
            more = await fetch(dict[str, Any], document.userinfo_endpoint, headers=shown)
            if more.get("sub") != claims["sub"]:
                raise NotVouched("the provider tells of somebody else than who signed in")
            claims = {**more, **claims}
        return self._identity_in(claims)

    async def _fetch_document(self) -> Document:
        issuer = self._config.issuer
        found = await fetch(Document, issuer.removesuffix("/") + _DISCOVERY)
        if found.issuer != issuer:
            raise ProviderTrouble(
                f"the provider calls itself {found.issuer}, and auth.oidc.issuer {issuer}"
            )
        for field in attrs.fields(Document):
            url = getattr(found, field.name)
            if isinstance(url, str) and url and not is_confidential(url):
                raise ProviderTrouble(f"{field.name} of the provider is not encrypted: {url}")
        return found

    async def _fetch_keys(self) -> KeySet:
        url = (await self._document.get()).jwks_uri
        keys: list[Key] = []
        for each in (await fetch(_Keys, url)).keys:
            with suppress(JoseError, ValueError, TypeError):  # one of a kind that is not known
                if each.get("kty") in _KEY_TYPES:
                    keys.append(JWKRegistry.import_key(dict(each)))
        if not keys:
            raise ProviderTrouble(f"{url} has no key that can be used")
        return KeySet(keys)

    async def _exchange(self, document: Document, begun: Begun, code: str, back: str) -> _Tokens:
        config, url = self._config, document.token_endpoint
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        form |= {"code_verifier": begun.verifier}
        auth: httpx.Auth | None = None
        if config.client_secret and _BASIC in document.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote_plus(config.client_id), quote_plus(config.client_secret))
        else:
            form["client_id"] = config.client_id
            if config.client_secret:
                form["client_secret"] = config.client_secret
        status, content = await ask("POST", url, data=form, auth=auth)
        tokens = decoded(_Tokens, url, content)
        if tokens.error == "invalid_grant":
            raise NotVouched("the provider knows nothing of this sign-in: begin anew")
        if status != httpx.codes.OK or not tokens.id_token:
            said = cut(f"{tokens.error} {tokens.error_description}".strip(), LONGEST_NAME)
            raise ProviderTrouble(f"{url} answered {status}: {said or 'without a token'}")
        return tokens

    async def _verified(self, document: Document, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of a token, which is of this provider, for this Manager and this sign-in."""
        try:
            try:
                read = _read(token, await self._keys.get())
            except InvalidKeyIdError:  # keys rotate
                read = _read(token, await self._keys.get(KEYS_AGAIN_SECONDS))
            checks = jwt.JWTClaimsRegistry(
                now=int(clock.now().timestamp()),
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": document.issuer},
                aud={"essential": True, "value": self._config.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                azp={"value": self._config.client_id},
                nonce={"essential": True, "value": nonce},
            )
            checks.validate(read.claims)
        except JoseError as error:
            raise NotVouched(_reason(error)) from None
        except (ValueError, TypeError, RecursionError) as error:
            raise NotVouched(f"the provider's token can't be read: {error}") from None
        return read.claims

    def _identity_in(self, claims: Mapping[str, Any]) -> Identity:
        name = next(iter(_texts_in(claims, self._config.name_claim)), "").strip()
        if not name:
            raise NotVouched(f"the provider tells no {self._config.name_claim} of you")
        return Identity(
            source=self._config.issuer,
            subject=claims["sub"],
            name=cut(name, LONGEST_NAME),
            groups=frozenset(_texts_in(claims, self._config.groups_claim)),
        )


def _read(token: str, keys: KeySet) -> jwt.Token:
    return jwt.decode(token, keys, algorithms=ALGORITHMS)


def _reason(error: JoseError) -> str:
    if isinstance(error, ExpiredTokenError):
        return "the provider's token is over already: the clock of the Manager is ahead of its own"
    if isinstance(error, InvalidClaimError) and error.claim in ("iat", "nbf"):
        return "the provider's token is of the future: the clock of the Manager is behind its own"
    return f"the provider's token does not hold: {error}"


def _texts_in(claims: Mapping[str, Any], name: str) -> Collection[str]:
    """The texts of a claim; an address counts only if the provider has verified it."""
    if name == "email" and claims.get("email_verified") not in (True, "true"):
        return ()
    value = claims.get(name)
    several = value if isinstance(value, list) else [value]
    return [each for each in several[:MOST_GROUPS] if isinstance(each, str)]


def _with(url: str, **query: str) -> str:
    return str(httpx.URL(url).copy_merge_params(query))

"""The join tokens of a farm, a part of the supervisor of workers."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

import attrs

import actors
from flamenco import clock
from flamenco.access.secrets import new_secret
from flamenco.manager.refusals import NotAllowed, NotFound
from flamenco.model.joining import MOST_TOKENS, JoinToken
from flamenco.proofs import worker_key
from flamenco.store import DeleteJoinToken, PutJoinToken

FIRST_TOKEN_LIFE = timedelta(days=2)
"""Life of the token that a new farm prints, that of the first operator's link."""
_FIRST_TOKEN = str(uuid.UUID(int=1))
"""Id of that token, so that each start replaces it."""
OVER = "the join token is unknown, was used before, or is over"


@attrs.define(eq=False)
class JoinTokens:
    """The tokens, each of which counts until it is spent, ended, or has expired."""

    _actor: actors.Actor
    _known: dict[str, JoinToken] = attrs.field(factory=dict)

    def begin(self, tokens: Iterable[JoinToken]) -> None:
        """Start with the tokens on disk."""
        self._known = {each.id: each for each in tokens}

    def add(self, token: JoinToken) -> None:
        """Let a token count. Raises `NotAllowed`."""
        now = clock.now()
        for each in [each for each in self._known.values() if each.expires <= now]:
            self._drop(each.id)
        if len(self._known) >= MOST_TOKENS:
            raise NotAllowed(f"there are {MOST_TOKENS} join tokens: end some first")
        self._put(token)

    def spend(self, token_id: str) -> JoinToken:
        """The token by which a worker joins now. Raises `NotAllowed`."""
        token = self._known.get(token_id)
        if token is None or token.expires <= clock.now():
            raise NotAllowed(OVER)
        if token.once:
            self._drop(token_id)
        else:
            self._put(attrs.evolve(token, used=token.used + 1))
        return token

    def end(self, token_id: str) -> None:
        """Let a token count no longer. Raises `NotFound`."""
        if token_id not in self._known:
            raise NotFound(f"there is no join token {token_id}")
        self._drop(token_id)

    def tag_gone(self, tag_id: str) -> None:
        """Take a tag that was deleted from those that workers get."""
        for each in [each for each in self._known.values() if tag_id in each.tags]:
            self._put(attrs.evolve(each, tags=tuple(tag for tag in each.tags if tag != tag_id)))

    def _put(self, token: JoinToken) -> None:
        self._known[token.id] = token
        self._actor.record(PutJoinToken(token))

    def _drop(self, token_id: str) -> None:
        del self._known[token_id]
        self._actor.record(DeleteJoinToken(token_id))


def new_join_token(
    name: str,
    life: timedelta,
    *,
    once: bool,
    tags: tuple[str, ...] = (),
    worker_id: str = "",
    token_id: str = "",
) -> tuple[str, JoinToken]:
    """A token as its Worker shows it, and what the farm keeps of it."""
    secret, now = new_secret(), clock.now()
    token = JoinToken(
        id=token_id or str(uuid.uuid4()),
        name=name,
        key=worker_key(secret).hex(),
        tags=tags,
        worker_id=worker_id,
        once=once,
        created=now,
        expires=now + life,
    )
    return f"{token.id}.{secret}", token


def first_join_token() -> tuple[str, JoinToken]:
    """The token by which the first Workers of a new farm join; each start makes it anew."""
    return new_join_token("First Workers", FIRST_TOKEN_LIFE, once=False, token_id=_FIRST_TOKEN)

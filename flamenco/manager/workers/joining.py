"""The join tokens of a farm, a part of the supervisor of workers."""

from collections.abc import Iterable

import attrs

import actors
from flamenco import clock
from flamenco.manager.refusals import NotAllowed, NotFound
from flamenco.model.joining import MOST_TOKENS, JoinToken
from flamenco.store import DeleteJoinToken, PutJoinToken

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

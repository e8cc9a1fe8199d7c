"""Clients that stay: how many of them there may be, of one address and in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import attrs


class Crowded(Exception):
    """There are too many clients of this kind already."""


@attrs.define(eq=False)
class Crowd:
    """Clients that do the same."""

    doing: str = "follow the farm"
    most: int = 10_000
    most_of_address: int = 500
    """A proxy in front of the Manager is one address for all pages."""
    _inside: Counter[str] = attrs.field(factory=Counter)

    def check(self, address: str) -> None:
        """Raises `Crowded` if nobody else from this address may come in."""
        if self._inside[address] >= self.most_of_address:
            raise Crowded(f"{self.most_of_address} clients of {address} {self.doing} already")
        if self._inside.total() >= self.most:
            raise Crowded(f"{self.most} clients {self.doing} already")

    @contextmanager
    def entered(self, address: str) -> Iterator[None]:
        """A client, for as long as it stays. Raises `Crowded`."""
        self.check(address)
        self._inside[address] += 1
        try:
            yield
        finally:
            self._inside[address] -= 1
            self._inside += Counter()  # forget who has left

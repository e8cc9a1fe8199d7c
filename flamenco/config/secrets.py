"""Values of the Manager's configuration that can be set over the API, but never read."""

from collections.abc import Iterator, Mapping, MutableMapping
from functools import reduce
from typing import Any

SECRETS = (
    ("registration_secret",),
    ("auth", "oidc", "client_secret"),
    ("mqtt", "client", "password"),
    ("upstream", "secret"),
)
"""Their keys, from the top of the file."""

MASK = "********"
"""Text shown in place of a secret. Sending it back leaves the secret as it is."""

Values = MutableMapping[str, Any]


def mask(values: Values) -> bool:
    """Replace each secret that is not empty by the mask; returns True if there was any."""
    found = [
        (section, keys[-1])
        for keys, section in _holders(values)
        if section[keys[-1]] not in (None, "")
    ]
    for section, key in found:
        section[key] = MASK
    return bool(found)


def unmask(values: Values, stored: Mapping[str, Any]) -> None:
    """Replace each mask by its secret, from all values as they are ``stored``."""
    for keys, section in _holders(values):
        if section[keys[-1]] == MASK:
            section[keys[-1]] = reduce(lambda inner, key: inner[key], keys, stored)


def _holders(values: Values) -> Iterator[tuple[tuple[str, ...], Values]]:
    """The keys of each secret that occurs, and the section that it is in."""
    for keys in SECRETS:
        section: object = values
        for key in keys[:-1]:
            section = section.get(key) if isinstance(section, Mapping) else None
        if isinstance(section, MutableMapping) and keys[-1] in section:
            yield keys, section

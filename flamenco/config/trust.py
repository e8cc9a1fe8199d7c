"""Certificates that programs of the farm believe when they reach a Manager by TLS."""

import os
import ssl
from functools import cache

from flamenco.config.errors import ConfigError

CA_VARIABLE = "FLAMENCO_CA_FILE"
"""Environment variable with a file of certificates in PEM, beside those of the machine."""


def trusted() -> ssl.SSLContext:
    """Context for clients of a Manager. Raises ConfigError."""
    return _trusting(os.environ.get(CA_VARIABLE, ""))


@cache
def _trusting(file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if file:
        try:
            context.load_verify_locations(file)
        except OSError as error:  # of which those of OpenSSL are a kind
            what = f"{file} has no certificates in PEM, or can't be read: {error.strerror}"
            raise ConfigError(CA_VARIABLE, what) from None
    return context

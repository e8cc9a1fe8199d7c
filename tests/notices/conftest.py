"""What tests of notices share."""

from tests.receivers import receiver

__all__ = ["receiver"]

"""Notices that leave the farm: how they are worded, signed, and sent by a process of their own."""

from flamenco.notices.sending import Sending, send
from flamenco.notices.wording import (
    Message,
    WrongAddress,
    check_address,
    shown_address,
    worded,
)

__all__ = [
    "Message",
    "Sending",
    "WrongAddress",
    "check_address",
    "send",
    "shown_address",
    "worded",
]

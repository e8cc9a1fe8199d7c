"""Answers of a Manager: what they contain, or the error that they tell of."""

import httpx

from flamenco.client.errors import Unreachable, rejection


def content_of(answer: httpx.Response) -> bytes:
    """The body of an answer. Raises the `Rejected` that an error tells of."""
    if answer.is_error:
        raise rejection(answer.status_code, answer.content, answer.reason_phrase)
    return answer.content


def unreachable(url: str, error: Exception) -> Unreachable:
    """The error to raise when no answer comes."""
    reason = str(error) or type(error).__name__
    return Unreachable(f"no answer from the Manager at {url}: {reason}")

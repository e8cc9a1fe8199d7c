"""Answers of a Manager: their content, or the error in them."""

from typing import TypeVar

import httpx
import msgspec

from flamenco.client.calls import Call
from flamenco.client.errors import Unreachable, rejection

T = TypeVar("T")


def result_of(call: Call[T], url: str, answer: httpx.Response) -> T:
    """The result of a request. Raises the `Rejected` that the answer describes.

    Raises `Unreachable` if the answer is not from a Manager.
    """
    content = content_of(answer)
    try:
        return call.read(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"the server at {url} is not a Flamenco Manager: {error}"
        raise Unreachable(message) from error


def content_of(answer: httpx.Response) -> bytes:
    """The body of an answer. Raises the `Rejected` that the answer describes."""
    if answer.is_error:
        raise rejection(answer.status_code, answer.content, answer.reason_phrase)
    return answer.content


def unreachable(url: str, error: Exception) -> Unreachable:
    """The error to raise if no answer comes."""
    reason = _word_of_the_system(error) or str(error) or type(error).__name__
    return Unreachable(f"no answer from the Manager at {url}: {reason}")


def _word_of_the_system(error: BaseException | None) -> str | None:
    """The operating system's own words for an error, below those of the layers above."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror.rpartition(": ")[2]
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        else:
            error = error.__cause__ or error.__context__
    return None

# SPDX-License-Identifier: GPL-3.0-or-later
"""The only Manager of this Blender: preferences, cache and client together."""

import getpass
import platform as _platform
from pathlib import Path

import bpy

from . import manager_info, tokens
from .background import Flow, in_background, keep
from .client import Client, normal_url
from .errors import ManagerUnreachable, NotReady, NotSignedIn
from .manager_info import ManagerInfo

_info: ManagerInfo | None = None
_lets_in = True


def platform() -> str:
    """This computer's platform, in the Manager's words."""
    return _platform.system().lower()


def user() -> str:
    """The user of this computer, by the name it has for them; empty if it does not know."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # no such account, or none at all
        return ""


def preferences() -> bpy.types.AddonPreferences:
    """The add-on's preferences, whether it is an extension or a classic add-on."""
    return bpy.context.preferences.addons[__package__].preferences


def client(url: str) -> Client:
    """A client of the Manager at this address. Raises ManagerUnreachable if it is none."""
    folder = cache_folder()
    return Client(url, lambda asked: tokens.of(asked, folder))


def token() -> str:
    """The API token for the Manager, as far as this session knows it; empty without one."""
    try:
        return tokens.known(normal_url(preferences().manager_url))
    except ManagerUnreachable:
        return ""


def set_token(text: str, url: str = "") -> None:
    """Use and keep another API token for the Manager; `url` is its address, if not today's.

    Raises ManagerUnreachable, and NotReady.
    """
    url, folder = normal_url(url or preferences().manager_url), cache_folder()
    new = "".join(text.split())
    if not new.isascii():
        raise NotReady("This is no API token: it has letters that none has")
    tokens.know(url, new)
    keep(lambda: tokens.keep(url, new, folder), "the API token", waits=bpy.app.background)


def info() -> ManagerInfo | None:
    """The result of the last refresh, perhaps from an earlier session; None if there was none."""
    return _info


def lets_in() -> bool:
    """False if the Manager, when it was asked last, wanted to know who asks."""
    return _lets_in


def load_cache() -> None:
    """Read the cache file again."""
    global _info  # noqa: PLW0603 - Blender's callbacks have no object to carry it
    _info = manager_info.load(cache_folder())


def refresh() -> Flow[ManagerInfo]:
    """Ask the Manager for everything and keep the answers. Raises FlamencoError."""
    global _info, _lets_in  # noqa: PLW0603
    asked = client(preferences().manager_url)
    here = platform()
    try:
        found = yield from in_background(lambda: manager_info.fetch(asked, here))
    except NotSignedIn:
        _lets_in = False
        raise
    _info, _lets_in = found, True
    try:
        manager_info.save(cache_folder(), found)
    except OSError as ex:
        raise NotReady(
            f"The Manager's answers cannot be kept in {cache_folder()} ({ex.strerror}). Check "
            "that you may write there"
        ) from ex
    return found


def cache_folder() -> Path:
    """The folder for what is kept between sessions."""
    return Path(bpy.utils.user_resource("CONFIG", create=True))

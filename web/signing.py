"""Sign-ins: how a password is checked, and what a browser keeps of it."""

import uuid
from datetime import timedelta
from typing import Any, cast

import attrs
from msgspec import UNSET
from quart import request

from flamenco import clock
from flamenco.access.secrets import digest_of, new_secret
from flamenco.api.people import Me, ShownUser
from flamenco.manager.farm import Farm
from flamenco.manager.people import AddFirstOperator
from flamenco.manager.refusals import Conflict
from flamenco.model.access import PERMISSIONS_OF, AuthMode, Permission, Scope, danger_of
from flamenco.model.bounds import cut
from flamenco.model.people import LIFE, LINK_LIFE, Credential, CredentialKind, User
from web.askers import Asker, asker, note_asker
from web.context import farm, services
from web.gate import cookie_name
from web.operators import is_forwarded
from web.turns import address
from web.wire import Answer, reply

LONGEST_AGENT = 200


def new_credential(
    kind: CredentialKind,
    user_id: str,
    life: timedelta,
    *,
    name: str = "",
    scopes: tuple[Scope, ...] = (),
) -> tuple[str, Credential]:
    """A new secret, and what is kept of it."""
    secret, now = new_secret(), clock.now()
    return secret, Credential(
        id=str(uuid.uuid4()),
        user_id=user_id,
        kind=kind,
        digest=digest_of(secret),
        name=name,
        scopes=scopes,
        created=now,
        expires=now + life,
        seen=now,
    )


def new_sign_in(user_id: str) -> tuple[str, Credential]:
    """The secret of a new sign-in by this request, and what is kept of it."""
    agent = cut(request.headers.get("User-Agent", ""), LONGEST_AGENT)
    secret, made = new_credential(CredentialKind.SIGN_IN, user_id, LIFE, name=agent)
    return secret, attrs.evolve(made, address=address())


def new_link(user_id: str) -> tuple[str, Credential]:
    """The secret of a one-time link, and what is kept of it."""
    return new_credential(CredentialKind.LINK, user_id, LINK_LIFE)


OPEN = "nobody signs in here: auth.mode is open in the Manager's configuration"


def check_mode() -> None:
    """Raises `Conflict` in an open farm: who reaches it must not prepare a way in for later."""
    if services().config.auth.mode is AuthMode.OPEN:
        raise Conflict(OPEN)


def signed_in() -> tuple[User, Credential]:
    """The user who asks, and what that one has shown. Raises `Conflict` in an open farm."""
    who = asker()
    if who.user is None or who.credential is None:
        raise Conflict(OPEN)
    return who.user, who.credential


def shown_user(user: User) -> ShownUser:
    """A user as the API shows it."""
    return ShownUser(
        id=user.id,
        name=user.name,
        role=user.role,
        created=user.created,
        has_password=bool(user.password),
        source=user.source,
        disabled=user.disabled,
    )


def me(who: Asker) -> Me:
    """Answer to the question who one is."""
    config = services().config
    danger = danger_of(
        config.auth.mode,
        is_reached=not config.address.is_loopback or is_forwarded(),
        is_encrypted=_is_encrypted(),
    )
    return Me(
        mode=config.auth.mode,
        may=tuple(each for each in Permission if each in who.held),
        user=shown_user(who.user) if who.user else UNSET,
        named_by_proxy=bool(request.headers.get(config.auth.trusted_header)) or UNSET,
        single_sign_on=config.auth.oidc.name if config.auth.oidc.issuer else UNSET,
        danger=danger or UNSET,
    )


def _is_encrypted() -> bool:
    return request.scheme == "https"


def welcome(user: User, secret: str) -> Answer:
    """The answer that lets a browser keep a sign-in, by which it is known who asks."""
    who = Asker(PERMISSIONS_OF[user.role], user)
    note_asker(cast("dict[str, Any]", request.scope), who)
    answer = reply(me(who))
    keep(answer, cookie_name(farm()), secret, LIFE)
    return answer


def keep(answer: Answer, cookie: str, secret: str, life: timedelta) -> None:
    """Let a browser keep a secret, out of reach of scripts and other sites."""
    answer.set_cookie(
        cookie,
        secret,
        max_age=int(life.total_seconds()),
        secure=_is_encrypted(),
        httponly=True,
        samesite="Strict",
    )


def forget(answer: Answer, cookie: str) -> None:
    """Let a browser forget a secret."""
    answer.delete_cookie(cookie, httponly=True, samesite="Strict")


async def first_operators_link(new: Farm) -> str | None:
    """The secret by which somebody becomes the first operator; None if there is one."""
    secret, link = new_link("")
    return secret if await new.people.ask(AddFirstOperator(link)) else None

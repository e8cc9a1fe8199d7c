"""Operations tagged `access`: sign-ins, tokens and users."""

import uuid
from datetime import timedelta

import attrs
from quart import request

from flamenco import clock
from flamenco.access.secrets import digest_of
from flamenco.api import people as api
from flamenco.manager.people import (
    AddUser,
    Admit,
    ChangePassword,
    ChangeUser,
    EndCredential,
    RemoveUser,
    UseLink,
)
from flamenco.manager.refusals import NotFound
from flamenco.model.access import Permission
from flamenco.model.people import Credential, CredentialKind, User
from flamenco.store import all_credentials, all_users, holder_of, user_of
from web.askers import Unknown, asker
from web.context import farm, people_door, reader, sign_on_door
from web.gate import cookie_name
from web.operations import Id, Operations
from web.signing import (
    check_mode,
    forget,
    me,
    new_credential,
    new_link,
    new_sign_in,
    shown_user,
    signed_in,
    welcome,
)
from web.wire import Answer, empty, or_none, reply

PAGE = "app/"

routes = Operations("access")


@routes.get("/access/me")
async def who_am_i() -> api.Me:
    """The one who asks, and what that one may do."""
    return me(asker())


@routes.post("/access/sign-in", errors=[401, 409, 422, 429], answers={200: api.Me})
async def sign_in(body: api.SignIn) -> Answer:
    """Sign in with a password. The sign-in that the browser had before is over."""
    check_mode()
    user = await people_door().user(body.name, body.password)
    secret, made = new_sign_in(user.id)
    before = asker().credential
    replaces = before.id if before is not None else ""
    await farm().people.ask(Admit(made, password=user.password, replaces=replaces))
    return welcome(user, secret)


@routes.post("/access/use-link", errors=[401, 409, 422, 429], answers={200: api.Me})
async def use_link(body: api.LinkUse) -> Answer:
    """Set a password by a one-time link, and sign in."""
    check_mode()
    digest = digest_of(body.secret)
    found = await reader().look(lambda db: holder_of(db, digest))
    if found is None or found.credential.kind is not CredentialKind.LINK:
        raise Unknown
    if found.credential.ends <= clock.now():
        raise Unknown
    hashed = await people_door().passwords.hashed(body.password)
    secret, made = new_sign_in(found.user.id)
    chosen = "" if found.user.password else body.name or ""
    user = attrs.evolve(found.user, password=hashed, name=chosen or found.user.name)
    await farm().people.ask(UseLink(found.credential.id, user, made))
    return welcome(user, secret)


@routes.post("/access/sign-out", errors=[404, 409], answers={200: api.SignedOut, 204: None})
async def sign_out() -> Answer:
    """End the sign-in that this request shows. The browser may have to sign out elsewhere, too."""
    user, credential = signed_in()
    await farm().people.ask(EndCredential(credential.id, user.id))
    address = await sign_on_door().way_out(user, request.host_url + PAGE)
    answer = reply(api.SignedOut(address=address)) if address else empty()
    forget(answer, cookie_name(farm()))
    return answer


@routes.post("/access/password", errors=[404, 409, 429])
async def change_password(body: api.PasswordChange) -> None:
    """Change one's password. All other sign-ins are over."""
    user, credential = signed_in()
    await people_door().user(user.name, body.old)
    hashed = await people_door().passwords.hashed(body.new)
    await farm().people.ask(ChangePassword(user.id, hashed, credential.id))


# Sign-ins and tokens


@routes.get("/access/credentials", errors=[409])
async def fetch_credentials() -> api.CredentialList:
    """One's sign-ins and tokens."""
    user, mine = signed_in()
    found = [each for each in await reader().ask(all_credentials) if each.user_id == user.id]
    shown = tuple(_shown(each, mine) for each in found if each.kind is not CredentialKind.LINK)
    return api.CredentialList(credentials=shown)


@routes.delete("/access/credentials/<credential_id>", errors=[404, 409])
async def end_credential(credential_id: Id) -> None:
    """End a sign-in or token of one's own; who may change users ends any."""
    user, _ = signed_in()
    anybodys = Permission.USERS in asker().held
    await farm().people.ask(EndCredential(credential_id, None if anybodys else user.id))


@routes.post("/access/tokens", errors=[404, 409, 422])
async def create_token(body: api.TokenWanted) -> api.NewToken:
    """Make a token, with which a program may do a part of what one may do oneself."""
    user, mine = signed_in()
    secret, made = new_credential(
        CredentialKind.TOKEN,
        user.id,
        timedelta(days=body.days),
        name=body.name,
        scopes=tuple(dict.fromkeys(body.scopes)),
    )
    await farm().people.ask(Admit(made))
    return api.NewToken(secret=secret, token=_shown(made, mine))


# Users


@routes.get("/access/users", errors=[409])
async def fetch_users() -> api.UserList:
    """All users, by their names."""
    check_mode()
    return api.UserList(users=tuple(map(shown_user, await reader().ask(all_users))))


@routes.post("/access/users", errors=[409, 422])
async def add_user(body: api.UserWanted) -> api.UserLink:
    """Add a user, whose person sets a password by a one-time link."""
    check_mode()
    user = User(id=str(uuid.uuid4()), name=body.name, role=body.role, created=clock.now())
    secret, link = new_link(user.id)
    await farm().people.ask(AddUser(user, link))
    return api.UserLink(user=shown_user(user), secret=secret, expires=link.expires)


@routes.put("/access/users/<user_id>", errors=[404, 409, 422])
async def change_user(user_id: Id, body: api.UserChange) -> None:
    """Change the role of a user, or let nobody in as that user for now."""
    check_mode()
    change = ChangeUser(user_id, or_none(body.role), or_none(body.disabled))
    await farm().people.ask(change)


@routes.delete("/access/users/<user_id>", errors=[404, 409, 422])
async def remove_user(user_id: Id) -> None:
    """Remove a user; all its sign-ins and tokens are over."""
    check_mode()
    await farm().people.ask(RemoveUser(user_id))


@routes.post("/access/users/<user_id>/link", errors=[404, 409, 422])
async def make_user_link(user_id: Id) -> api.UserLink:
    """Make a one-time link by which a person sets a new password."""
    check_mode()
    user = await reader().look(lambda db: user_of(db, user_id))
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    secret, link = new_link(user_id)
    await farm().people.ask(Admit(link))
    return api.UserLink(user=shown_user(user), secret=secret, expires=link.expires)


def _shown(credential: Credential, mine: Credential) -> api.ShownCredential:
    return api.ShownCredential(
        id=credential.id,
        kind=credential.kind,
        name=credential.name,
        scopes=credential.scopes,
        created=credential.created,
        expires=credential.expires,
        seen=credential.seen,
        address=credential.address,
        current=credential.id == mine.id,
    )

"""Operations tagged `access` for people for whom others vouch: single sign-on, and proxies."""

import logging
from datetime import timedelta

from quart import request

from flamenco.access.begun import Begun, NotVouched
from flamenco.access.secrets import new_secret
from flamenco.api import people as api
from flamenco.manager.people import Enter
from flamenco.model.people import Identity
from web.askers import asker
from web.context import farm, sign_on_door
from web.gate import cookie_name
from web.operations import Operations
from web.signing import check_mode, forget, keep, new_sign_in, welcome
from web.turns import address
from web.wire import Answer, reply

BACK = "app/sign-in"
"""Page to which a provider sends the browser back."""
LIFE = timedelta(minutes=10)
"""Time for a person to sign in at the provider."""

logger = logging.getLogger(__name__)
routes = Operations("access")


@routes.post("/access/single-sign-on/begin", errors=[409], answers={200: api.SignOnBegun})
async def begin_single_sign_on() -> Answer:
    """Ask where a browser goes to sign in; it comes back to the page `sign-in`."""
    check_mode()
    begun = Begun(new_secret())
    answer = reply(
        api.SignOnBegun(address=await sign_on_door().way_in(begun, request.host_url + BACK))
    )
    keep(answer, _cookie(), begun.secret, LIFE)
    return answer


@routes.post("/access/single-sign-on/finish", errors=[403, 409, 422, 429], answers={200: api.Me})
async def finish_single_sign_on(body: api.SignOnFinish) -> Answer:
    """Sign in with what the provider has told the browser. Who comes first becomes a user."""
    check_mode()
    begun, back = Begun(request.cookies.get(_cookie(), "")), request.host_url + BACK
    answer = await _entered(await sign_on_door().enter(begun, body.state, body.code, back))
    forget(answer, _cookie())
    return answer


@routes.post("/access/proxy/sign-in", errors=[403, 409, 422, 429], answers={200: api.Me})
async def sign_in_by_proxy() -> Answer:
    """Sign in as the person whom a trusted proxy names. Who comes first becomes a user."""
    check_mode()
    return await _entered(sign_on_door().named_by_proxy(request.headers))


async def _entered(identity: Identity) -> Answer:
    role = sign_on_door().role_of(identity)
    secret, made = new_sign_in("")
    before = asker().credential
    replaces = before.id if before is not None else ""
    user = await farm().people.ask(Enter(identity, role, made, replaces))
    if user is None:
        logger.warning("%s, at %s, has no role here", identity.name, address())
        raise NotVouched(
            f"{identity.name} is known, but none of the groups has a role here: the operator "
            "gives them one by auth.roles in the Manager's configuration"
        )
    return welcome(user, secret)


def _cookie() -> str:
    return f"{cookie_name(farm())}_begun"

"""Operations tagged `access` for devices that can't ask for a password (RFC 8628)."""

from datetime import timedelta

from quart import request

from flamenco.access.devices import LIFE, NotLetIn
from flamenco.api import devices as api
from flamenco.manager.people import Admit
from flamenco.manager.refusals import NotFound
from flamenco.model.people import TOKEN_LIFE, CredentialKind
from flamenco.store import user_of
from web.context import device_door, farm, reader
from web.operations import Operations
from web.signing import check_mode, new_credential, signed_in
from web.wire import Answer, reply

PAGE = "app/device"

routes = Operations("access")


@routes.post("/access/devices", errors=[409, 429])
async def begin_device(body: api.DeviceWanted) -> api.DeviceBegun:
    """Ask for a code, which a person who has signed in confirms on the page."""
    check_mode()
    secret, device = device_door().begin(body)
    page = f"{request.host_url}{PAGE}"
    return api.DeviceBegun(
        device_code=secret,
        user_code=device.code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={device.code}",
        expires_in=int(LIFE),
        interval=int(device.interval),
    )


@routes.post(
    "/access/devices/token",
    errors=[404, 409, 422],
    answers={200: api.DeviceToken, 400: api.DeviceRefusal},
)
async def ask_for_device_token(body: api.DeviceAsking) -> Answer:
    """Ask if a person has confirmed the code; then the token is told, once."""
    check_mode()
    try:
        device, user_id = device_door().take(body.device_code)
    except NotLetIn as error:
        return reply(api.DeviceRefusal(code=400, message=str(error), error=error.reason), 400)
    user = await reader().look(lambda db: user_of(db, user_id))
    if user is None:
        raise NotFound("the user who confirmed the code is no longer there")
    life = timedelta(days=TOKEN_LIFE)
    kind = CredentialKind.TOKEN
    token, made = new_credential(kind, user_id, life, name=device.name, scopes=device.scopes)
    await farm().people.ask(Admit(made))
    return reply(
        api.DeviceToken(token=token, user=user.name, scopes=device.scopes, expires=made.expires)
    )


@routes.get("/access/devices/<user_code>", errors=[404, 409, 429])
async def fetch_device(user_code: api.Code) -> api.ShownDevice:
    """The device that shows a code."""
    user, _ = signed_in()
    device = device_door().showing(user_code, user)
    return api.ShownDevice(
        name=device.name, address=device.address, scopes=device.scopes, user_code=device.code
    )


@routes.post("/access/devices/confirm", errors=[404, 409, 429])
async def confirm_device(body: api.DeviceAnswer) -> None:
    """Let in the device that shows a code, as oneself, or refuse it."""
    user, _ = signed_in()
    device_door().answer(body.user_code, user, allow=body.allow)

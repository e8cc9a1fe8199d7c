"""Applications of operations: their routes, and their answers to errors."""

from collections.abc import Sequence

from quart import ResponseReturnValue
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from flamenco.api.meta import SecurityError
from web.auth import BadCredentials
from web.operations import API, Operation
from web.operators import OperatorNeeded
from web.routing import NOT_AMONG, NotAmong, rules
from web.wire import STATUS_OF, Answer, http_error, refused, reply


def equip(app: QuartTrio, operations: Sequence[Operation]) -> None:
    """Give an application the routes of its operations, and its answers to errors."""
    app.url_map.converters[NOT_AMONG] = NotAmong
    rule = rules(each.path for each in operations)
    for each in operations:  # streaming ones are served elsewhere, but their methods count
        app.add_url_rule(API + rule[each.path], each.id, each.serve, methods=[each.method])
    for kind in STATUS_OF:
        app.register_error_handler(kind, _answer_refusal)
    for stranger in (BadCredentials, OperatorNeeded):
        app.register_error_handler(stranger, _answer_stranger)
    app.register_error_handler(HTTPException, _http_error)


async def _answer_refusal(error: Exception) -> ResponseReturnValue:
    return refused(error)


async def _http_error(error: HTTPException) -> ResponseReturnValue:
    return http_error(error)


async def _answer_stranger(error: Exception) -> Answer:
    return reply(SecurityError(message=str(error)), 403)

"""The web server: Quart-Trio under Hypercorn, in our own nursery, beside the actors."""

import socket
from functools import partial
from typing import Any, cast

import trio

import actors
from flamenco import protocol
from flamenco.api.events import EVENT_NAMES, EventLifeCycle, LifeCycleEventType
from flamenco.manager.farm import Farm
from flamenco.model.access import PERMISSION_OF, Permission
from web import live, pages, sessions
from web.addresses import below
from web.api import (
    audit,
    blendfiles,
    bulk,
    configuration,
    devices,
    document,
    events,
    frames,
    inspection,
    job_requests,
    jobs,
    joining,
    logs,
    meta,
    notices,
    packs,
    past,
    people,
    pictures,
    shaman,
    sign_ons,
    subscriptions,
    tasks,
    worker,
    worker_mgt,
    worker_tasks,
)
from web.applications import equip
from web.auditing import audited
from web.bodies import Bodies, Most
from web.chronicle import WAITING
from web.context import Web
from web.gate import Gate
from web.hosts import Hosts
from web.operations import API, USUAL_BODY, USUAL_VALUES
from web.origins import MISDIRECTED, own_pages_only, refused_by_head
from web.proxies import behind_proxies
from web.refusing import Refused
from web.requestlog import open_request_log
from web.room import Room, is_here
from web.routing import Places
from web.serving import USUAL, App, Limits, Past, Receive, Scope, Send, serve
from web.shares import Shares
from web.signons import naming_headers
from web.tls import Tls
from web.uploads import Uploads

ROOMS = (
    meta,
    configuration,
    jobs,
    blendfiles,
    packs,
    job_requests,
    frames,
    past,
    pictures,
    tasks,
    logs,
    worker,
    worker_tasks,
    worker_mgt,
    joining,
    shaman,
    bulk,
    events,
    inspection,
    notices,
    subscriptions,
    people,
    sign_ons,
    devices,
    audit,
)
"""The modules of operations, in the order of the document."""

LAST_EVENT_SECONDS = 0.1  # for clients to hear of the shutdown before their socket ends


OPERATIONS = tuple(audited(each) for room in ROOMS for each in room.routes.declared)


VISITED = frozenset(
    (each.method, API + each.path)
    for each in OPERATIONS
    if PERMISSION_OF.get(each.id) is Permission.VISIT
)
"""Methods and paths of operations that ask for nothing."""


def build_app(farm: Farm) -> Web:
    """The application with all its routes and its answers to errors."""
    app = Web(farm)
    equip(app, OPERATIONS)
    for beside in (document.routes(OPERATIONS), sessions.routes, live.routes):
        app.register_blueprint(beside, url_prefix=API)
    app.register_blueprint(pages.routes)
    return app


async def serve_farm(
    farm: Farm,
    listener: socket.socket,
    stop: trio.Event,
    *,
    limits: Limits = USUAL,
    tls: Tls | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on a listening socket until ``stop``; WebSockets are told good-bye first."""
    app = build_app(farm)
    uploads = Uploads(app, OPERATIONS, limits.stall)
    closed = trio.Event()
    happening: actors.Subscription[Any] = farm.system.events.subscribe(
        *EVENT_NAMES, capacity=WAITING
    )
    hosts = Hosts(farm.services, lambda: tls.names if tls else ())
    async with (
        app.ends.heard(farm.system.events),
        app.chronicle.kept(happening),
        hosts.learning(),
        open_request_log(farm.services.paths.request_log) as requests,
        trio.open_nursery() as nursery,
    ):
        large = Places(each for each in OPERATIONS if each.most != USUAL_BODY)
        usual = Most(USUAL_BODY, USUAL_VALUES)

        def most(scope: Scope) -> Most:
            found = large.at(scope)
            return Most(found[0].most, found[0].values) if found else usual

        bodies = Bodies(cast("App", app), most, limits.body_seconds)
        past = Past(bodies, uploads.handler)
        gate = Gate(farm, app.door)
        guarded = gate.guarding(past, VISITED)

        admitted: App = Shares(own_pages_only(guarded, hosts))
        noted = requests.noting(admitted) if requests else admitted

        async def addressed(scope: Scope, receive: Receive, send: Send) -> None:
            await noted(below(scope), receive, send)

        known = behind_proxies(
            addressed,
            lambda: farm.services.config.trusted_proxies,
            naming_headers(farm.services.config.auth),
        )

        def refusal(scope: Scope) -> Refused | None:
            scope = below(scope)
            by_head = gate.is_open and uploads.handler(scope) is None
            too_long = bodies.refused_by_head(scope) if by_head else None
            refused = refused_by_head(scope, hosts) or too_long
            is_sure = hosts.are_learned or refused is None or refused.code != MISDIRECTED
            return refused if is_sure else None

        room = Room(lambda host: is_here(host) or host in app.door.hosts)
        guarded_ones = frozenset({protocol.PATH.encode()})
        serving = partial(
            serve,
            known,
            listener,
            closed,
            limits,
            room,
            guarded_sockets=guarded_ones,
            refusal=refusal,
            tls=tls,
        )
        await nursery.start(serving)
        task_status.started()
        farm.system.publish(EventLifeCycle(type=LifeCycleEventType.STARTUP))
        await stop.wait()
        farm.system.publish(EventLifeCycle(type=LifeCycleEventType.SHUTDOWN))
        if app.chronicle.followed:
            await trio.sleep(LAST_EVENT_SECONDS)
        app.chronicle.end()
        await app.sockets.close_all(limits.grace)
        closed.set()

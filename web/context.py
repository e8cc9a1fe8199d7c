"""The application of one farm, and the objects in it that request handlers use."""

from typing import Protocol, cast

import trio
from quart import current_app, websocket
from quart_trio import QuartTrio

from actors import ActorParked
from flamenco.manager.farm import Farm
from flamenco.manager.services import Services
from flamenco.manager.shaman import CheckoutRecords
from flamenco.manager.status import GetFarmStatus
from flamenco.model.statuses import FarmStatus
from flamenco.shaman import Records, Shaman
from flamenco.store import Reader
from web.auth import WorkerDoor
from web.chronicle import Chronicle
from web.connections import Connection
from web.crowds import Crowd
from web.devices import DeviceDoor
from web.ends import Ends
from web.framelists import FrameLists
from web.passwords import PeopleDoor
from web.serving import FarmResponse
from web.signons import SignOnDoor
from web.sockets import Sockets
from web.turns import Allowance, Turns


class Web(QuartTrio):
    """The application of one farm."""

    response_class = FarmResponse

    def __init__(self, farm: Farm) -> None:
        super().__init__("flamenco", static_folder=None)
        self.farm = farm
        self.door = WorkerDoor(farm)
        self.people_door = PeopleDoor(farm.services.reader)
        self.device_door = DeviceDoor()
        self.sign_on_door = SignOnDoor(farm.services.config.auth)
        self.ends = Ends(farm.services.reader)
        self.sockets = Sockets()
        self.chronicle = Chronicle()
        self.crowd = Crowd()
        self.strangers = Crowd("sign on")
        self.frame_lists = FrameLists(farm.services.reader, farm.store.touched)
        self.compiling = Turns()
        self.registrations = Allowance(at_first=40, period=2.0)
        self.config["MAX_CONTENT_LENGTH"] = self.config["BODY_TIMEOUT"] = None  # web.bodies
        self.looking = trio.CapacityLimiter(2)
        self.asking_blender = Turns(at_once=1, of_address=1, most_waiting=5)
        self.checking = trio.Semaphore(1)  # of programs, of which one runs at a time
        self.config["RESPONSE_TIMEOUT"] = None  # a client that takes nothing is let go by serving

    @property
    def shaman(self) -> Shaman:
        """Shaman. Raises `ShamanOff`."""
        return self.farm.services.shaman_on

    @property
    def records(self) -> Records:
        """The records of its checkouts."""
        return CheckoutRecords(self.farm.shaman, self.farm.services.reader)


class HasShaman(Protocol):
    """An application with Shaman, be it a farm's or one on its own."""

    @property
    def shaman(self) -> Shaman: ...
    @property
    def records(self) -> Records: ...


def shaman() -> Shaman:
    """Shaman. Raises `ShamanOff`."""
    return cast("HasShaman", current_app).shaman


def checkout_records() -> Records:
    """The records of Shaman's checkouts."""
    return cast("HasShaman", current_app).records


def farm() -> Farm:
    """The farm that this application serves."""
    return cast("Web", current_app).farm


def nursery() -> trio.Nursery:
    """The nursery of the application, for what outlives the request that begins it."""
    return cast("Web", current_app).nursery


STATUS_SECONDS = 60.0
"""Seconds to wait for the farm's status: it is told at once, unless the Manager stands still, and
all pages that come back after that ask for it."""


async def farm_status() -> FarmStatus:
    """The state of the farm as a whole; unknown while the part that counts is parked."""
    try:
        return await farm().status.ask(GetFarmStatus(), STATUS_SECONDS)
    except ActorParked:
        return FarmStatus.UNKNOWN


def services() -> Services:
    """The farm's services."""
    return farm().services


def reader() -> Reader:
    """The read side of the store."""
    return farm().services.reader


def door() -> WorkerDoor:
    """The door for workers, which checks their credentials."""
    return cast("Web", current_app).door


def people_door() -> PeopleDoor:
    """The door for people, which checks their passwords."""
    return cast("Web", current_app).people_door


def device_door() -> DeviceDoor:
    """The door for devices, which show codes."""
    return cast("Web", current_app).device_door


def sign_on_door() -> SignOnDoor:
    """The door for people for whom others vouch."""
    return cast("Web", current_app).sign_on_door


def ends() -> Ends:
    """Ends of what is open by a sign-in or token."""
    return cast("Web", current_app).ends


def sockets() -> Sockets:
    """The open WebSockets of this application."""
    return cast("Web", current_app).sockets


def checking() -> trio.Semaphore:
    """Permit that a check has to hold while it runs a program."""
    return cast("Web", current_app).checking


def connection() -> Connection:
    """The connection of the WebSocket that is being served."""
    return cast("Connection", websocket.scope["state"]["connection"])


def chronicle() -> Chronicle:
    """The recent events of the farm, for all clients that follow it live."""
    return cast("Web", current_app).chronicle


def crowd() -> Crowd:
    """The clients that follow the farm live."""
    return cast("Web", current_app).crowd


def strangers() -> Crowd:
    """The workers that have begun a session, and not proven themselves yet."""
    return cast("Web", current_app).strangers


def frame_lists() -> FrameLists:
    """The lists of frames that were asked for last."""
    return cast("Web", current_app).frame_lists


def compiling() -> Turns:
    """The turns of clients whose jobs are compiled, one at a time."""
    return cast("Web", current_app).compiling


def looking() -> trio.CapacityLimiter:
    """The threads that look at the shared storage, each of which may hang with it."""
    return cast("Web", current_app).looking


def asking_blender() -> Turns:
    """The turns of clients who ask Blender about a file, one at a time."""
    return cast("Web", current_app).asking_blender


def registrations() -> Allowance:
    """How often new workers may register."""
    return cast("Web", current_app).registrations

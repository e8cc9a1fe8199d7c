"""The tree of actors: its root, how an actor gets its place, and how one is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.cell import Cell
from actors.errors import ActorStopped, NameTaken
from actors.family import Family
from actors.life import run
from actors.messages import Exit

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.orders import Options
    from actors.ref import ActorRef
    from actors.supervision import Supervision


class Root(Cell):
    """The parent of the top-level actors: the system itself. It has no task and no mail."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """No actor class."""
        return "ActorSystem"

    @property
    def rules(self) -> Supervision:
        """The supervision of the top level."""
        return self.system.supervision

    def fail(self, error: Exception) -> None:
        """A crash has come all the way up."""
        self.system.fail(error)


def plant(
    parent: Cell,
    cls: type[Actor],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    name: str | None,
    options: Options,
) -> Cell:
    """Put a new actor into the tree and start its task."""
    family, system = family_of(parent), parent.system
    if name is None:
        name = f"{cls.__name__}-{next(system.number)}"
    elif "/" in name or not name:
        raise ValueError(f"an actor's name must not be empty or hold a '/', got {name!r}")
    if not family.take_name(name):
        raise NameTaken(f"{parent.path or '/'} has a child named {name!r} already")
    cell = Cell(system, parent, name, cls, args, kwargs or None, options)
    family.children[name] = cell
    family.start(run, cell)
    return cell


def family_of(cell: Cell) -> Family:
    """The family of a life, made on first need."""
    if cell.family is None:
        parent = cell.parent
        if parent is None or parent.family is None:
            raise ActorStopped(f"the actor system {cell.system.name!r} is not running")
        if cell.exit is not None or cell.life_over:
            raise ActorStopped(f"{cell.path} has ended and can start nothing")
        cell.family = Family()
        parent.family.start(cell.family.run)
    return cell.family


def revive(cell: Cell) -> None:
    """Start the task of a passivated actor again."""
    parent = cell.parent
    if parent is None or parent.family is None:
        cell.finish(Exit("shutdown"))
    elif cell.state == "passive":
        cell.state = "starting"
        parent.family.revive(cell)
        parent.family.start(run, cell)


def find(root: Cell, path: str) -> ActorRef | None:
    """The actor with this path below the root, passivated or not."""
    cell, ref = root, None
    for name in path.strip("/").split("/"):
        ref = None if cell.family is None else cell.family.find(name)
        if ref is None:
            return None
        cell = ref._cell
    return ref

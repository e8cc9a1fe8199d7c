"""The actor that owns the worker tags."""

import uuid

import attrs

import actors
from flamenco.api.events import EventWorkerTagUpdate
from flamenco.api.workers import WorkerTag as ApiTag
from flamenco.manager.refusals import NotAllowed, NotFound, Refusal
from flamenco.manager.services import JOBS, WORKERS, Services
from flamenco.manager.workers.messages import ConfigChanged
from flamenco.model.workers import WorkerTag
from flamenco.store import DeleteTag, PutTag


@attrs.frozen
class SaveTag(actors.Request[WorkerTag]):
    """Create a tag, with a new id if it has none, or change one."""

    tag: WorkerTag
    new: bool


@attrs.frozen
class RemoveTag(actors.Request[None]):
    """Forget a tag; jobs and workers lose it."""

    tag_id: str


@attrs.frozen
class TagGone:
    """A tag was deleted: all jobs and workers that have it lose it."""

    tag_id: str


class Tags(actors.Actor):
    """The owner of the tags, which keeps names unique, and tells who loses a deleted tag."""

    replies_with = (Refusal,)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tags: dict[str, WorkerTag] = {}

    async def started(self) -> None:
        """Read the tags."""
        self._tags = {tag.id: tag for tag in await self._services.reader.tags()}
        self._tell_names()

    def _tell_names(self) -> None:
        """Let workers know by which names the configuration may mean them."""
        names = self._services.tag_names
        names.clear()
        names.update((tag.id, tag.name) for tag in self._tags.values())

    @actors.handles(SaveTag)
    def save_tag(self, message: SaveTag) -> WorkerTag:
        """Create or change a tag, if its name is free."""
        tag = message.tag
        if not message.new and tag.id not in self._tags:
            raise NotFound(f"there is no tag {tag.id}")
        if message.new and tag.id in self._tags:
            raise NotAllowed(f"there is a tag {tag.id} already")
        if not tag.name.strip():
            raise Refusal("name: a tag needs one")
        if any(each.name == tag.name and each.id != tag.id for each in self._tags.values()):
            raise NotAllowed(f"there is a tag {tag.name} already")
        tag = attrs.evolve(tag, id=tag.id or str(uuid.uuid4()))
        self._tags[tag.id] = tag
        self.record(PutTag(tag))
        self._tell_names()
        if not message.new and (workers := self.system.find(WORKERS)) is not None:
            self.tell(workers, ConfigChanged())
        self.publish(EventWorkerTagUpdate(tag=_shown(tag)))
        return tag

    @actors.handles(RemoveTag)
    def remove_tag(self, message: RemoveTag) -> None:
        """Delete a tag, and tell all who may have it."""
        if message.tag_id not in self._tags:
            raise NotFound(f"there is no tag {message.tag_id}")
        del self._tags[message.tag_id]
        self.record(DeleteTag(message.tag_id))
        self._tell_names()
        for path in (JOBS, WORKERS):
            everybody = self.system.find(path)
            if everybody is not None:
                self.tell(everybody, TagGone(message.tag_id))
        self.publish(EventWorkerTagUpdate(tag=ApiTag(id=message.tag_id, name=""), was_deleted=True))


def _shown(tag: WorkerTag) -> ApiTag:
    return ApiTag(id=tag.id, name=tag.name, description=tag.description)

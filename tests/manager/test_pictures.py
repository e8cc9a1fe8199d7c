"""The newest picture of a job lives as long as the job."""

import io

from PIL import Image

from flamenco.logs import job_folder
from flamenco.manager.images import ProcessImage
from flamenco.manager.jobs.messages import RemoveJob
from flamenco.pictures import Previews
from tests.manager.test_old_jobs import canceled, gone
from tests.patience import until


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (30, 20)).save(content, "JPEG")
    return content.getvalue()


async def test_a_picture_that_is_made_while_its_job_is_deleted_does_not_stay(stage, monkeypatch):
    make, made = Previews.make, []

    async def make_late(previews: Previews, folder, content) -> None:
        await stage.ask(job, RemoveJob())
        await gone(stage, job)
        await make(previews, folder, content)
        made.append(folder)

    monkeypatch.setattr(Previews, "make", make_late)
    job = await canceled(stage)
    stage.farm.images.tell(ProcessImage(job.id, picture()))
    await until(lambda: made)
    await until(lambda: not (stage.farm.services.paths.local / job_folder(job.id)).exists())
    assert await stage.farm.services.reader.last_rendered_job() is None

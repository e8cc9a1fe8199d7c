"""The video of a job plays in a browser, which can seek in it."""

import pytest

from tests.e2e.running import running_manager, submit
from tests.e2e.test_browser import browser_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PLAY = """async address => {
  const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds))
  while ((await fetch(address)).status === 202) await wait(200)
  const video = document.createElement('video')
  const happens = name => new Promise((done, failed) => {
    video.addEventListener(name, done, { once: true })
    video.addEventListener('error', () => failed(video.error.message), { once: true })
  })
  video.muted = true
  video.src = address
  document.body.append(video)
  await happens('loadeddata')
  const end = happens('ended')
  await video.play()
  await end
  const shown = []
  for (const second of [0.02, 0.9, 0.48]) {
    const sought = happens('seeked')
    video.currentTime = second
    await sought
    const canvas = document.createElement('canvas')
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    canvas.getContext('2d').drawImage(video, 0, 0)
    shown.push(canvas.toDataURL())
  }
  return [video.duration, video.videoWidth, video.videoHeight, new Set(shown).size]
}"""


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_the_video_plays_and_can_be_sought_in(tmp_path, kind):
    settings = {"frames": "-3-20", "render_output_path": "/farm/######", "fps": 24.0}
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        job = submit(url, name="Numbers", type="test-frames", settings=settings)
        address = f"{url}api/v3/jobs/{job}/video?format={kind}"
        duration, width, height, different = page.evaluate(PLAY, address)
        assert duration == pytest.approx(1.0, abs=0.05)
        assert (width, height, different) == (480, 270, 3)

"""Measure what pictures of frames cost: their making, and what a render loses by it.

python -m tests.bench.pictures [--only FIGURE,...] [--frames 40] [--json FILE]

- ``thumbnails_per_s``: frames of 1920 x 1080 pixels whose pictures one core makes in a second,
  beside Pillow alone, which decodes, scales and encodes the same in the same minute.
- ``render_loss``: how much longer Cycles takes for frames of two seconds and more while the
  pictures of those before are made. Blocks with and without pictures take turns; on a machine that
  does something else besides, their processor time is told for comparison.
- ``list_10k_ms``: the list of 10,000 frames with their pictures, from the question to its last
  byte, how long the ``first`` takes, and what those pictures take of the disk (``mib``).
- ``video_1000_s``: the video of 1,000 such frames, from the first question to the file.

The ``processor`` of the last two is the Manager's time of all processors for one of them, with what
it runs for it.
"""

import argparse
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np
import trio
from PIL import Image

from flamenco.pictures.kinds import KINDS, THUMBNAILS
from flamenco.pictures.making import open_maker
from tests.bench.pictures.lists import list_10k_ms, video_1000_s
from tests.bench.pictures.processor import busy
from tests.bench.pictures.renders import render_loss

ROUNDS, PICTURES = 7, 20
LEAST_OF_PILLOW, MOST_LOSS = 0.7, 0.02
MOST_LIST_MS, MOST_VIDEO_S, MOST_MIB = 100, 10, 400


def frame(path: Path) -> Path:
    """A frame as renders are: smooth, with the grain of few samples."""
    y, x = np.mgrid[0:1080, 0:1920]
    smooth = np.stack([x / 1920, y / 1080, (x + y) / 3000], axis=2) * 200
    grain = np.random.default_rng(1).normal(0, 4, smooth.shape)
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(path)
    return path


def by_pillow(path: Path) -> None:
    """Decode, scale and encode a frame, with nothing around it."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    for name in THUMBNAILS:
        picture.thumbnail(KINDS[name].box, Image.Resampling.LANCZOS)
        picture.save(io.BytesIO(), "JPEG", quality=85)


async def thumbnails_per_s(_: int) -> Mapping[str, float]:
    """Frames per second of one core's time, ours and Pillow's, in turn."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = frame(Path(folder) / "frame.png")
        async with open_maker() as maker:
            await maker.make(path, THUMBNAILS)
            for _ in range(ROUNDS):
                began = busy()
                for _ in range(PICTURES):
                    await maker.make(path, THUMBNAILS)
                between = busy()
                for _ in range(PICTURES):
                    by_pillow(path)
                ours.append(PICTURES / (between - began))
                bare.append(PICTURES / (busy() - between))
    return {"flamenco": median(ours), "pillow": median(bare)}


FIGURES = {
    "thumbnails_per_s": thumbnails_per_s,
    "render_loss": render_loss,
    "list_10k_ms": list_10k_ms,
    "video_1000_s": video_1000_s,
}


def verdict(name: str, found: Mapping[str, float]) -> str:
    """What is asked of a figure, and whether it is met."""
    if name == "render_loss":
        value, met = found["flamenco"], found["flamenco"] <= MOST_LOSS
        said = f"{value:8.3f} of the {found['frame_s']:.1f} s a frame, at most {MOST_LOSS}"
        said += f" ({found['processor']:.3f} of processor time)"
    elif name == "list_10k_ms":
        value, size = found["flamenco"], found["mib"]
        met = value < MOST_LIST_MS and size < MOST_MIB
        said = (
            f"{value:8.1f} ms, under {MOST_LIST_MS} ({found['processor']:.1f} ms of a processor; "
        )
        said += f"the first {found['first']:.0f} ms); pictures {size:.0f} MiB, under {MOST_MIB}"
    elif name == "video_1000_s":
        value = found["flamenco"]
        met = value < MOST_VIDEO_S
        said = f"{value:8.1f} s, under {MOST_VIDEO_S} ({found['processor']:.1f} s of a processor)"
    else:
        value, ratio = found["flamenco"], found["flamenco"] / found["pillow"]
        met = ratio >= LEAST_OF_PILLOW
        said = f"{value:8.1f}, {ratio:.2f} of Pillow's, at least {LEAST_OF_PILLOW}"
    return f"{said}: {'ok' if met else 'MISSED'}"


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pictures")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[*FIGURES][::-1])
    parser.add_argument("--frames", type=int, default=40, help="number of frames with pictures")
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    arguments = parser.parse_args()
    figures = {}
    for name in arguments.only:
        figures[name] = trio.run(FIGURES[name], arguments.frames)
        print(f"{name:20}{verdict(name, figures[name])}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

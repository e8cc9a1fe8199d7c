"""Parameters of the command `frames-to-video`, for the videos of the built-in job types."""

from typing import Any

EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
"""Filter for H.264, in which two pixels side by side share their colour."""
BT_709 = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
"""Filter that converts RGB as players of HD expect it (Rec. ITU-R BT.709)."""


def video_parameters(fps: float, frames: str, output: str) -> dict[str, Any]:
    """Parameters for H.264 that everything plays.

    ``output`` is the path of the frames, with `#` for the digits of their numbers.
    """
    return {
        "fps": fps,
        "args": [
            *("-c:v", "h264", "-crf", "20", "-g", "18"),
            *("-vf", f"{EVEN},{BT_709}"),
            *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
            *("-color_range", "tv", "-pix_fmt", "yuv420p", "-r", fps, "-y"),
        ],
        "frames": frames,
        "framePath": output,
        "asShown": True,
    }

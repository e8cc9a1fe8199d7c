"""Image files for tests, of what cameras and programs write."""

import subprocess

import imageio_ffmpeg
import numpy as np
import OpenImageIO


def write(path, pixels, names=("R", "G", "B"), kind=None, size=(32, 16), **spec_of):
    """A picture with OpenImageIO, of one colour or of given pixels."""
    usual = "half" if path.suffix == ".exr" else "uint16"
    spec = OpenImageIO.ImageSpec(*size, len(names), kind or usual)
    spec.channelnames = names
    for name, value in spec_of.pop("attributes", {}).items():
        spec.attribute(name, value)
    for name, value in spec_of.items():
        setattr(spec, name, value)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    whole = np.broadcast_to(np.asarray(pixels, np.float32), (size[1], size[0], len(names)))
    assert out.write_image(np.ascontiguousarray(whole)), out.geterror()
    out.close()
    return path


def write_deep(path):
    """An image with many samples for each pixel."""
    spec = OpenImageIO.ImageSpec(8, 8, 5, "float")
    spec.channelnames, spec.deep = ("R", "G", "B", "A", "Z"), True
    data = OpenImageIO.DeepData()
    data.init(64, 5, spec.get_channelformats(), spec.channelnames)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_deep_image(data)
    out.close()
    return path


def film(path):
    """A movie that begins red and goes on in green."""
    red, green = (("-f", "lavfi", "-i", f"color={each}:s=64x36:d=0.2") for each in ("red", "lime"))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *red, *green]
    subprocess.run([*command, "-filter_complex", "concat=n=2", str(path)], check=True)
    return path

"""Sounds for tests, and what is heard of them in a video."""

import math
import struct
import subprocess
import wave

import numpy as np

from tests.worker.commands.shop import program

RATE = 48000


def tone(path, seconds):
    """A file with a tone."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        samples = (round(20000 * math.sin(at / 10)) for at in range(int(RATE * seconds)))
        file.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return path


def heard(video):
    """Seconds at which the sound of a video begins and ends, its silence aside."""
    command = [program("ffmpeg"), "-v", "error", "-i", str(video), "-map", "0:a", "-ac", "1"]
    command += ["-ar", str(RATE), "-f", "s16le", "-"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    loud = np.flatnonzero(np.abs(np.frombuffer(output, "<i2").astype(int)) > 2000)
    return loud[0] / RATE, loud[-1] / RATE

"""A task to run commands on, without a Worker around it."""

import os
import shutil

import attrs
import pytest

from worker.command import Conditions
from worker.commands import COMMANDS
from worker.usage import Usage


@attrs.define
class Bench:
    """Effects of a command on its task."""

    conditions: Conditions = attrs.field(factory=Conditions)
    lines: list[str] = attrs.field(factory=list)
    id: str = "task-1"
    job: str = "job-1"
    keeper: object = None
    steps: int = 0
    steps_left: int = 0
    warnings: list[str] = attrs.field(factory=list)
    said: list[str] = attrs.field(factory=list)
    images: list[str] = attrs.field(factory=list)
    frames: list[tuple[int, str]] = attrs.field(factory=list)
    """Number and view of each image."""
    usage: Usage = attrs.field(factory=Usage)

    def log(self, line):
        self.lines.append(line)

    def tell(self, activity):
        self.said.append(activity)

    def step(self):
        self.steps += 1
        self.steps_left = max(0, self.steps_left - 1)

    def warn(self, sentence):
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def saved(self, path, frame, output="", *, is_new=True):
        self.images.append(path)
        self.frames.append((frame, output))

    async def run(self, name, **parameters):
        await COMMANDS[name].run(parameters, self)
        return self


def program(name):
    """A program the test needs; without it the test is skipped, in CI it fails."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is not installed: apt install {name}")
    assert found, f"{name} is not installed"
    return found

"""Known holes in the packages that Flamenco is made of: ``python -m tests.audit``.

`pip-audit` and `npm audit` ask services of advisories. Where these can't be had, as in a closed
network, that is told, and is no failure; a package with a known hole is one.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 300
"""Time for each of the programs."""


class NoData(Exception):
    """The advisories can't be had; the text is what was heard instead."""


def holes_in_python(report: str) -> list[str]:
    """The holes in a report of pip-audit. Raises `NoData`."""
    packages = json.loads(report)["dependencies"]
    asked = [each for each in packages if "vulns" in each]
    if not asked:
        raise NoData("no package is known there")
    return [
        f"{each['name']} {each['version']}: {hole['id']}"
        for each in asked
        for hole in each["vulns"]
    ]


def holes_in_page(report: str) -> list[str]:
    """The holes in a report of npm audit. Raises `NoData`."""
    found = json.loads(report)
    if "vulnerabilities" not in found:
        raise NoData(found.get("message", "no report"))
    return [f"{name}: {each['severity']}" for name, each in found["vulnerabilities"].items()]


def report_of(*command: str, folder: Path = ROOT) -> str:
    """What a program prints. Raises `NoData` if that is nothing, or takes too long.

    Raises `OSError` if there is no such program: that says nothing of the advisories.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoData(str(error)) from error
    if not done.stdout.strip():
        raise NoData((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return done.stdout


def python() -> list[str]:
    """The holes in what an installed Flamenco needs."""
    version("pip-audit")  # raises PackageNotFoundError
    packages = ("uv", "export", "-q", "--no-hashes", "--no-emit-project", "--no-default-groups")
    installed = subprocess.run(packages, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text(installed.stdout)
        asked = ("--disable-pip", "--no-deps", "--timeout", "15", "-f", "json", "-r", str(listed))
        return holes_in_python(report_of(sys.executable, "-m", "pip_audit", *asked))


def page() -> list[str]:
    """The holes in what is served to browsers."""
    options = ("--omit=dev", "--json", "--fetch-retries=0", "--fetch-timeout=30000")
    return holes_in_page(report_of("npm", "audit", *options, folder=ROOT / "web" / "app"))


def main(parts: Sequence[Callable[[], list[str]]] = (python, page)) -> int:
    """Tell what is found; returns 1 if there is a hole."""
    found = []
    for part in parts:
        try:
            holes = part()
        except (NoData, ValueError) as error:
            print(f"{part.__name__}: the advisories can't be had here: {error}")
            continue
        found += holes
        print(f"{part.__name__}: {', '.join(holes) or 'no known holes'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

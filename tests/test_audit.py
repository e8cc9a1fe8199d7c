"""Known holes in packages fail the checks; that nobody can tell of any does not."""

import json
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from tests.audit import NoData, holes_in_page, holes_in_python, main, report_of

SAFE = {"name": "trio", "version": "0.30.0", "vulns": []}
UNSAFE = {"name": "quart", "version": "0.1", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}
UNKNOWN = {"name": "attrs", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "holes"),
    [([SAFE, UNKNOWN], []), ([SAFE, UNSAFE], ["quart 0.1: PYSEC-1"])],
)
def test_a_hole_in_a_package_of_python_is_found(packages, holes):
    assert holes_in_python(json.dumps({"dependencies": packages, "fixes": []})) == holes


def test_a_hole_in_a_package_of_the_page_is_found():
    holes = {"vite": {"severity": "high"}}
    assert holes_in_page(json.dumps({"vulnerabilities": holes})) == ["vite: high"]
    assert holes_in_page(json.dumps({"vulnerabilities": {}})) == []


def test_services_that_know_nothing_are_no_clean_bill():
    with pytest.raises(NoData, match="no package is known"):
        holes_in_python(json.dumps({"dependencies": [UNKNOWN]}))
    with pytest.raises(NoData, match="405"):
        holes_in_page(json.dumps({"message": "405 Method Not Allowed"}))


def test_a_program_that_says_nothing_or_does_not_end_has_no_report(monkeypatch):
    monkeypatch.setattr("tests.audit.SECONDS", 0.3)
    with pytest.raises(NoData, match="no network"):
        report_of(sys.executable, "-c", "import sys; sys.exit('no network')")
    with pytest.raises(NoData, match="timed out"):
        report_of(sys.executable, "-c", "import time; time.sleep(60)")


def test_a_lack_of_the_programs_is_no_lack_of_advisories(monkeypatch):
    with pytest.raises(OSError, match="no-such-program"):
        report_of("no-such-program")

    def missing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr("tests.audit.version", missing)
    with pytest.raises(PackageNotFoundError):
        main()


def test_holes_fail_and_a_lack_of_advisories_is_told(capsys):
    def silent():
        raise NoData("405")

    def safe():
        return []

    def holed():
        return ["quart 0.1: PYSEC-1"]

    assert main([silent, safe]) == 0
    said = capsys.readouterr().out
    assert "silent: the advisories can't be had here: 405" in said
    assert "safe: no known holes" in said
    assert main([silent, holed]) == 1

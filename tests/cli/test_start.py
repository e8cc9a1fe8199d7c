"""Cost of starting a command."""

import subprocess
import sys

PROGRAM = "import sys, actors, flamenco.cli.manager, worker.main; print(*sys.modules)"


def test_the_programs_load_nothing_that_only_tests_need():
    loaded = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True).split()
    assert not {"pytest", "trio.testing", "hypothesis"} & {*loaded}

"""The rules hold, are needed, and survive what a seed can think of."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import trio

import actors
from tests.manager.conftest import stage_at
from tests.manager.faults import in_virtual_time
from tests.simulation import rules_of_choice, rules_of_failure, rules_of_people, rules_of_time
from tests.simulation.house import House
from tests.simulation.rules import RULES, Rule
from tests.simulation.world import first

ROOT = Path(__file__).parents[2]
SEEDS = 60
FOUND_OUT = (AssertionError, trio.TooSlowError, actors.ActorError, pytest.fail.Exception)
ALL_RULES = [pytest.param(rule, id=rule.name) for rule in RULES]


def simulate(*arguments: str) -> str:
    """The output of a simulation, which must find nothing wrong."""
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2000:]
    return done.stdout


def test_there_are_rules_of_all_kinds():
    modules = {rule.scenario.__module__ for rule in RULES}
    assert modules == {
        each.__name__
        for each in (rules_of_choice, rules_of_failure, rules_of_people, rules_of_time)
    }


@pytest.mark.parametrize("rule", ALL_RULES)
def test_the_farm_keeps_to_the_rule(rule: Rule, tmp_path):
    rule.play(tmp_path)


@pytest.mark.parametrize("rule", ALL_RULES)
def test_a_farm_without_the_rule_is_found_out(rule: Rule, tmp_path):
    try:
        rule.play(tmp_path, without=True)
    except (Exception, pytest.fail.Exception) as error:
        if not isinstance(first(error), FOUND_OUT):
            raise
        return
    pytest.fail("the scenario does not need the rule")


@in_virtual_time
async def test_a_disk_may_fill_up_while_its_manager_ends(tmp_path):
    async with trio.open_nursery() as nursery, stage_at(tmp_path) as stage:
        database = tmp_path / "flamenco-manager.sqlite"
        house = House(tmp_path, database, Random(1), lambda: stage.farm)
        nursery.start_soon(house.fill_disk)
        await trio.sleep(1)


@pytest.mark.minutes
@pytest.mark.slow
def test_days_of_faults_break_no_promise():
    assert f"{SEEDS} seeds" in simulate("--seeds", str(SEEDS))


@pytest.mark.slow
def test_a_seed_tells_the_same_day_again():
    first, second = (simulate("--seeds", "1", "--first", "16", "--verbose") for _ in range(2))
    assert told(first) == told(second)


def told(printed: str) -> list[str]:
    """The lines about the day, without the run's time and its folder."""
    lines = (line for line in printed.splitlines() if "seeds in" not in line)
    return [re.sub(r"/[\w/]*/tmp\w+", "FOLDER", line) for line in lines]

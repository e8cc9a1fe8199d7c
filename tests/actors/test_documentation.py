"""Every public name explains itself by an example that runs, and so does the guide."""

import doctest
import importlib
import inspect
import logging
import pkgutil
import re
from pathlib import Path

import pytest

import actors
import actors.testing

MODULES = sorted(f"actors.{module.name}" for module in pkgutil.iter_modules(actors.__path__))
GUIDE = Path(__file__).parents[2] / "docs" / "actors.md"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def functions_of(cls):
    for name, member in vars(cls).items():
        function = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def public():
    """Every public name, and every public method the package defines for it."""
    names = {name: getattr(actors, name) for name in actors.__all__}
    names |= {
        f"testing.{name}": getattr(actors.testing, name)
        for name in ("Faults", "InjectedFault", "Probe", "play", "run", "seeded")
    }
    for owner, value in list(names.items()):
        if not inspect.isclass(value):
            continue
        bases = [base for base in value.__mro__ if base.__module__.startswith("actors.")]
        for base in bases:
            names |= {f"{owner}.{name}": f for name, f in functions_of(base)}
    return names


RUNTIME_ONLY = {  # public among the modules of the package, not for its users
    "ActorSystem.dead_letter",
    "ActorSystem.fail",
    "ActorSystem.load",
    "ActorSystem.publish_if_wanted",
    "ActorSystem.table_of",
    "Background.begin",
    "Background.run",
    "Events.attach",
    "Events.detach",
    "Subscription.put",
    "Timer.expire",
    "testing.Probe.take",
}


@pytest.mark.parametrize("name", sorted(public().keys() - RUNTIME_ONLY))
def test_every_public_name_has_an_example(name):
    value = public()[name]
    assert ">>> " in (value.__doc__ or ""), f"{name} needs an example"


@pytest.mark.parametrize("name", actors.__all__)
def test_the_guide_mentions_every_public_name(name):
    assert re.search(rf"\b{name}\b", GUIDE.read_text()), f"docs/actors.md says nothing of {name}"


def test_the_examples_of_the_guide_run():
    log = logging.getLogger("actors")  # the guide silences it
    try:
        result = doctest.testfile(str(GUIDE), module_relative=False)
    finally:
        log.setLevel(logging.NOTSET)
    assert result.attempted > 20
    assert result.failed == 0

"""The actor runtime beside Pykka, Thespian and a plain loop: `python -m tests.bench.actors`."""

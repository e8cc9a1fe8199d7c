"""`python -m flamenco` is the `flamenco` command."""

from flamenco.cli import main

main()

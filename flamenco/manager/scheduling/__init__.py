"""The scheduler, which puts ready tasks and idle workers together."""

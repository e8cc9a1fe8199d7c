"""The workers: their supervisor, and an actor for each."""

"""The live jobs: their supervisor, and an actor for each."""

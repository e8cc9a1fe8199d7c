"""How fast jobs are compiled."""

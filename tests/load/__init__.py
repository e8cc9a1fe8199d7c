"""Workers over real sessions, many in one process, for load and fault tests."""

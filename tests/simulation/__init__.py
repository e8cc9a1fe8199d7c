"""The real actors and the real store under virtual time, with faults drawn from a seed."""

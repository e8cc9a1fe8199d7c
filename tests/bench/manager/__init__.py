"""Amount of work that a Manager does, with everything durable."""

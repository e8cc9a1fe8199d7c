"""How much work a Manager does, everything durable."""

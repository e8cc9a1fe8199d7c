"""Cost of a frame beside the reading of its file."""

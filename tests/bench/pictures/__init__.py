"""Cost of the pictures of frames."""

"""Cost of a page of a long list."""

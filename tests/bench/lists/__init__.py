"""What a page of a long list costs."""

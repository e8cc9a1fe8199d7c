"""Speed of the web page, as people see it."""

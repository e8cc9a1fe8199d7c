"""Speed of compiling jobs."""

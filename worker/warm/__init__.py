"""Blenders that stay open between the tasks of a job, each with its file loaded."""

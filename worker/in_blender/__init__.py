"""Scripts that run inside Blender, 3.4 to 5, not in the Worker's Python.

Their last argument is a JSON text. A script that cannot go on prints a line that
`worker.blender_output` reads, ``flamenco: KIND: SENTENCE`` with a `FailureKind`, and ends Blender.
"""

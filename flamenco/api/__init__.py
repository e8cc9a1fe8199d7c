"""Request and response classes of the HTTP API, for server, client and Worker.

Names are those of the reference's schemas. An optional field that is `UNSET` is left out.
"""

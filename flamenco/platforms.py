"""Platforms of the farm, under the API's names (reference addon §3)."""

import sys

PLATFORM = {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")
"""The platform that this program runs on."""

"""The platforms of the farm, in the words of the API (reference addon §3)."""

import sys

PLATFORM = {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")
"""The platform this program runs on."""

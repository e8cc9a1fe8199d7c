"""How tests run, here and in the continuous integration."""

import signal

from hypothesis import HealthCheck, settings

# A slow machine is no finding. Where CI is set, Hypothesis also tries the same examples each time.
settings.register_profile(
    "farm", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("farm")

# Shells let what they start in the background ignore Ctrl-C, and programs hand that on to theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

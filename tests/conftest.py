"""How property tests run, here and in the continuous integration."""

from hypothesis import HealthCheck, settings

# A slow machine is no finding. Where CI is set, Hypothesis also tries the same examples each time.
settings.register_profile(
    "farm", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("farm")

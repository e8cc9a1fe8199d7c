"""What tests of the page share."""

import pytest

from tests.e2e.running import shaped_manager


@pytest.fixture
def farm(tmp_path):
    """The URL of a Manager with the job type `shaped`."""
    with shaped_manager(tmp_path / "farm") as url:
        yield url

"""The way in to a farm of users, in a real Chromium."""

import os
import re

import httpx
import pytest
from playwright.sync_api import expect

from flamenco.cli.manager import FIRST_OPERATOR
from tests.e2e.running import started
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PASSWORD = "correct horse battery staple"


def test_the_first_operator_gets_in_by_the_link_and_comes_back_by_the_password(tmp_path):
    options = ("manager", "--storage", tmp_path, "--listen", "127.0.0.1:0", "--no-discoverable")
    env = {**os.environ, "FLAMENCO_MANAGER__AUTH__MODE": "users"}
    with started(*options, log=tmp_path / "manager.log", cwd=tmp_path, env=env) as process:
        said = iter(process.stdout.readline, "")
        link = next(line for line in said if line.startswith(FIRST_OPERATOR)).split()[-1]
        url = link.partition("#")[0]
        assert httpx.get(f"{url}api/v3/jobs", timeout=PATIENCE).status_code == 401
        with browser_page(link) as page:
            expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
            assert violations(page) == []
            page.get_by_label("Name").fill("Ann")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Set the password").click()
            expect(page.get_by_role("link", name="Jobs").first).to_be_visible()
            expect(page).not_to_have_url(re.compile("link="))
        with browser_page(url) as page:
            page.get_by_label("Name").fill("ann")
            page.get_by_label("Password").fill("a guess")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_contain_text("wrong")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("link", name="Jobs").first).to_be_visible()

"""The way in to a farm of users, and what they find there, in a real Chromium."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import users_manager
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page
from tests.patience import PATIENCE
from tests.web.providers import mock_provider

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The URL of a Manager that asks who one is, and the link of its first operator."""
    folder = tmp_path_factory.mktemp("farm")
    with mock_provider(folder) as issuer:
        auth = {"OIDC__ISSUER": issuer, "OIDC__NAME": "Studio", "OIDC__CLIENT_SECRET": "any"}
        auth |= {"OIDC__NAME_CLAIM": "nickname", "ROLES__ARTIST": "artists"}
        with users_manager(folder, auth) as (url, link):
            yield url, link, issuer


def choose_password(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_the_first_operator_gets_in_by_the_link_and_lets_others_in(farm):
    url, link, _ = farm
    assert httpx.get(f"{url}api/v3/jobs", timeout=PATIENCE).status_code == 401
    with browser_page(link) as page:
        expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
        assert violations(page) == []
        choose_password(page, "Ann")
        expect(page).not_to_have_url(re.compile("link="))
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill("a guess")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("wrong")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("link", name="Jobs").first).to_be_visible()

        page.goto(f"{url}app/users")
        page.get_by_label("Name of the new user").fill("Ben")
        page.get_by_label("Role of the new user").select_option("viewer")
        page.get_by_role("button", name="Add").click()
        row = page.locator("[data-user='Ben']")
        expect(row).to_contain_text("has not set a password yet")
        row.get_by_label("Role of Ben").select_option("artist")
        row.get_by_role("button", name="Disable").click()
        expect(row).to_contain_text("disabled")
        row.get_by_role("button", name="Enable").click()
        expect(row).not_to_contain_text("disabled")
        ended = page.get_by_title("Copy the link").inner_text()
        row.get_by_role("button", name="Link for a password").click()
        expect(page.get_by_title("Copy the link")).not_to_have_text(ended)
        assert violations(page) == []
        bens = page.get_by_title("Copy the link").inner_text()
        assert bens.startswith(f"{url}app/#link=")

        page.goto(bens)
        choose_password(page, "Ben")
        page.get_by_role("link", name="Ben", exact=True).click()
        expect(page.get_by_text("artist: submits jobs")).to_be_visible()
        page.get_by_label("Purpose of the new token").fill("nightly")
        page.get_by_role("button", name="Make a token").click()
        token = page.get_by_title("Copy the token").inner_text()
        assert violations(page) == []
        shown = {"Authorization": f"Bearer {token}"}
        jobs = f"{url}api/v3/jobs"
        assert httpx.get(jobs, headers=shown, timeout=PATIENCE).status_code == 200
        address = page.get_by_title("Copy the address").inner_text()
        assert httpx.get(f"{address}api/v3/jobs", timeout=PATIENCE).status_code == 200
        page.get_by_role("button", name="I have it").click()
        page.get_by_role("button", name="End nightly").click()
        expect(page.get_by_test_id("token")).to_have_count(0)
        assert httpx.get(jobs, headers=shown, timeout=PATIENCE).status_code == 401

        device = httpx.post(f"{url}api/v3/access/devices", json={"name": "Blender"}).json()
        page.goto(device["verification_uri_complete"])
        expect(page.get_by_text(device["user_code"])).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_text("Blender is let in")).to_be_visible()
        asking = {"device_code": device["device_code"]}
        got = httpx.post(f"{url}api/v3/access/devices/token", json=asking, timeout=PATIENCE)
        assert got.json()["user"] == "Ben"


def sign_in_with_studio(page: Page, subject: str) -> None:
    page.get_by_role("button", name="Sign in with Studio").click()
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()


def test_people_sign_in_and_out_by_a_provider_and_find_what_they_wanted(farm):
    url, _, issuer = farm
    for name, groups in (("Cleo", ["artists"]), ("Stranger", [])):
        claims = {"nickname": name, "groups": groups}
        httpx.put(f"{issuer}/users/{name}", json=claims, timeout=PATIENCE).raise_for_status()
    with browser_page(f"{url}app/account?view=all") as page:
        sign_in_with_studio(page, "Stranger")
        expect(page.get_by_role("alert")).to_contain_text("none of the groups has a role here")
        assert violations(page) == []
        sign_in_with_studio(page, "Cleo")
        expect(page.get_by_text("artist: submits jobs")).to_be_visible()
        expect(page).to_have_url(f"{url}app/account?view=all")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="End session").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_role("button", name="Sign in with Studio").click()
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_role("alert")).to_contain_text("access_denied")

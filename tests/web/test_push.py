"""A browser is told of the farm by its push service, which the test plays, until it is gone."""

import json
import ssl

import attrs
import pytest

from flamenco.config.manager import ManagerConfig, manager_config_from
from tests.certificates import certificate_in
from tests.patience import until
from tests.pushes import PlayedBrowser, checked_token
from tests.receivers import HERE, receiver_here
from tests.web.conftest import call, edge_at
from tests.web.test_requests import canceled
from tests.web.test_subscriptions import deliveries

SUBSCRIPTIONS = "notices/subscriptions"


def wanted(browser: PlayedBrowser, address: str, **changes) -> dict:
    public, auth = browser.keys
    return {
        "name": "Firefox on Linux",
        "channel": "push",
        "address": address,
        "keys": {"p256dh": public, "auth": auth},
        "wishes": {"gather": 0},
    } | changes


@pytest.mark.slow
async def test_a_browser_hears_until_its_service_says_that_it_is_gone(tmp_path, monkeypatch):
    key, certificate = certificate_in(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    networks = manager_config_from(
        {"_meta": {"version": 3}, "outgoing": {"allowed_networks": ", ".join(HERE)}}
    ).outgoing
    config, browser = attrs.evolve(ManagerConfig(), outgoing=networks), PlayedBrowser()
    async with receiver_here(context) as service:
        address = service.url("https", "/send/abc")
        async with edge_at(tmp_path, config) as edge:
            public = (await call(edge, "GET", "notices/push-key"))["key"]
            await call(edge, "POST", SUBSCRIPTIONS, wanted(browser, address))
            job = await canceled(edge)
            await until(lambda: service.heard)
            (told,) = service.heard
            assert (told.path, told.headers["content-encoding"]) == ("/send/abc", "aes128gcm")
            assert int(told.headers["ttl"]) > 0
            said = json.loads(browser.reads(told.body))
            assert said["title"].endswith(": job canceled")
            assert said["path"] == f"jobs/{job}"
            claims = checked_token(told.headers["authorization"], public)
            assert claims["aud"] == f"https://127.0.0.1:{service.port}"
            assert claims["sub"].startswith("mailto:")
            (logged,) = await until(lambda: deliveries(edge))
            assert logged["state"] == "sent"
        service.answers = [b"410 Gone\r\n"]
        async with edge_at(tmp_path, config) as edge:
            assert (await call(edge, "GET", "notices/push-key"))["key"] == public
            await canceled(edge)
            await until(lambda: is_empty(edge))


async def is_empty(edge) -> bool:
    return not (await call(edge, "GET", SUBSCRIPTIONS))["subscriptions"]


async def test_a_browser_that_subscribes_anew_is_told_once_and_its_address_by_nobody(edge):
    browser = PlayedBrowser()
    first = await call(edge, "POST", SUBSCRIPTIONS, wanted(browser, "https://push.example/abc"))
    again = wanted(PlayedBrowser(), "https://push.example/abc", name="again")
    second = await call(edge, "POST", SUBSCRIPTIONS, again)
    assert "secret" not in second
    assert second["subscription"]["id"] == first["subscription"]["id"]
    (shown,) = (await call(edge, "GET", SUBSCRIPTIONS))["subscriptions"]
    assert (shown["name"], shown["address"]) == ("again", "https://push.example/…")


async def test_what_is_no_browser_is_refused(edge):
    browser = PlayedBrowser()
    usual = wanted(browser, "https://push.example/abc")
    del usual["keys"]
    assert "keys" in (await call(edge, "POST", SUBSCRIPTIONS, usual, 400))["message"]
    wrong = wanted(browser, "https://x/", keys={"p256dh": "x", "auth": "x"})
    assert "keys" in (await call(edge, "POST", SUBSCRIPTIONS, wrong, 400))["message"]
    plain = wanted(browser, "http://push.example/abc")
    assert "endpoint" in (await call(edge, "POST", SUBSCRIPTIONS, plain, 400))["message"]

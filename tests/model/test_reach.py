"""The Manager connects to the Internet, and to networks that the configuration names."""

from ipaddress import ip_network

import pytest

from flamenco.model.reach import may_reach

OURS = (ip_network("192.168.7.0/24"), ip_network("fd00:7::/32"))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1"])
def test_the_internet_is_within_reach(address):
    assert may_reach(address, ())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.7.9",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.251",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00:7::1",
        "ff02::fb",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "localhost",
        "/run/docker.sock",
        "",
    ],
)
def test_nothing_private_is_within_reach_in_any_spelling(address):
    assert not may_reach(address, ())


@pytest.mark.parametrize("address", ["192.168.7.9", "::ffff:192.168.7.9", "fd00:7::1"])
def test_a_network_that_is_named_is_within_reach_and_no_other(address):
    assert may_reach(address, OURS)
    assert not may_reach("192.168.8.9", OURS)
    assert not may_reach("127.0.0.1", OURS)

"""Requests to a whole URL, as of a proxy (RFC 9112 §3.2.2)."""

import hashlib

import pytest

from tests.web.attacks import answer_to, code_in, head

CONTENT = b"hello"
FILE = f"/api/v3/shaman/files/{hashlib.sha256(CONTENT).hexdigest()}/{len(CONTENT)}"


@pytest.mark.parametrize("before", ["", "http://localhost", "HTTP://LOCALHOST:8080"])
async def test_a_file_is_taken_under_its_whole_url(edge, before):
    request = head("POST", before + FILE, f"Content-Length: {len(CONTENT)}") + CONTENT
    assert code_in(await answer_to(edge, request)) == 204


@pytest.mark.parametrize("target", ["http://localhost?x", "http://localhost/api/v3/version?x"])
async def test_any_path_may_be_named_so(edge, target):
    assert code_in(await answer_to(edge, head("GET", target))) < 400


async def test_the_host_of_the_url_counts(edge):
    answers = [
        code_in(await answer_to(edge, head("GET", f"http://{url}/api/v3/version", host=host)))
        for url, host in [("evil.example", "localhost"), ("localhost", "evil.example")]
    ]
    assert answers == [421, 200]

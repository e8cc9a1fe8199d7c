"""The page is built from the document of the API as it is now."""

from web.contract import FILE, contract


def test_the_types_of_the_page_come_from_the_document_that_the_manager_serves():
    assert FILE.read_text(encoding="utf-8") == contract(), (
        f"{FILE} is not the API's document: run 'uv run python -m web.contract'"
    )

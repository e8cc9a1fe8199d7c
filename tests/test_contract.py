"""What is generated from the code is as the code is now."""

from web import matrix
from web.contract import FILE, contract


def test_the_types_of_the_page_come_from_the_document_that_the_manager_serves():
    assert FILE.read_text(encoding="utf-8") == contract(), (
        f"{FILE} is not the API's document: run 'uv run python -m web.contract'"
    )


def test_the_page_about_security_has_the_permissions_by_which_the_manager_decides():
    page = matrix.FILE.read_text(encoding="utf-8")
    assert page == matrix.written(page), (
        f"{matrix.FILE} has another table: run 'uv run python -m web.matrix'"
    )

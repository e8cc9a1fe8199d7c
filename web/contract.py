"""A command: ``python -m web.contract`` writes the API's document to where the page is built from.

The types and the requests of `web/app` are generated from that file.
"""

import json
from pathlib import Path

from web.openapi import document
from web.server import OPERATIONS
from web.wire import encode

FILE = Path(__file__).parent / "app" / "openapi.json"


def contract() -> str:
    """The document that the Manager serves, a value on each line, so that changes can be read."""
    served = json.loads(encode(document(OPERATIONS)))
    return json.dumps(served, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(contract(), encoding="utf-8")

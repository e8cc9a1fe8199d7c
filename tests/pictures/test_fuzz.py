"""Whatever a file holds, there is a picture or a sentence, and the next file has its picture."""

import pytest

from tests.pictures.fuzz import fuzz

EXAMPLES = 200


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_files_that_nobody_can_have_meant_are_pictures_or_sentences(seed):
    found = await fuzz(EXAMPLES, seed)
    assert found.total() == EXAMPLES
    assert found["picture"]
    assert found["sentence"]
    assert found["broken"] < EXAMPLES / 20, "each costs a new program"

import pytest

from flamenco.model.names import distinct, fault


@pytest.mark.parametrize("name", ["", " ", "\t", "a\0", "a\nb", "\x1b[2J", "a\x85b"])
def test_empty_names_and_those_with_control_characters_are_refused(name):
    assert fault(name).startswith("name: expected a text")


@pytest.mark.parametrize("name", ["a", "Shot 10", "面", "a/b"])
def test_all_other_texts_are_names(name):
    assert fault(name) is None


@pytest.mark.parametrize(
    ("wanted", "current", "others", "name"),
    [
        ("a", "", [], "a"),
        ("a", "", ["a"], "a-2"),
        ("a", "", ["a", "a-2"], "a-3"),
        ("a", "", ["a", "a-3"], "a-2"),
        ("a", "a", ["a"], "a-2"),
        ("a", "a-2", ["a"], "a-2"),
        ("a", "a-2", [], "a-2"),
        ("b", "a-2", ["a"], "b"),
        ("a", "a-1", [], "a"),
        ("a", "a-10", [], "a-10"),
        ("a.b", "axb", [], "a.b"),
    ],
)
def test_of_two_that_want_the_same_name_one_gets_a_number(wanted, current, others, name):
    assert distinct(wanted, current, others) == name

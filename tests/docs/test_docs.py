"""The documents name what there is, and nothing that isn't there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from flamenco.api.events import EVENT_NAMES
from flamenco.cli.app import app
from flamenco.config.manager import ManagerConfig, manager_config_values
from flamenco.config.schema import write_section
from flamenco.config.worker import WorkerFile
from flamenco.model.statuses import JobStatus, TaskStatus
from tests.manager.conftest import stage_at
from web.chronicle import ALIVE, RESYNC
from web.server import build_app
from web.wire import STATUS_OF

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
GUIDE_OF = {
    "manager": "docs/operator-guide.md",
    "worker": "docs/operator-guide.md",
    "submit": "docs/user-guide.md",
    "jobs": "docs/user-guide.md",
    "job": "docs/user-guide.md",
    "workers": "docs/operator-guide.md",
    "actors": "docs/operator-guide.md",
    "audit": "docs/operator-guide.md",
    "config": "docs/operator-guide.md",
    "login": "docs/user-guide.md",
    "logout": "docs/user-guide.md",
    "import": "docs/operator-guide.md",
    "shaman": "docs/operator-guide.md",
    "jobtype": "docs/job-types.md",
    "demo": "README.md",
}
HOSTS = {
    "accounts.google.com",
    "example.org",
    "login.microsoftonline.com",
    "socket.io",
    "trio.readthedocs.io",
}
"""Names in documents that may look like hosts; package registries are never among them."""
HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|dev|io|net|org)\b|\bnpm\w+")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """The tables' rows that begin with a name in code: that name, and the other cells."""
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in found}


# Commands and options


def commands() -> list[str]:
    return [name for name in app if not name.startswith("-")]


def options(command: str) -> set[str]:
    """Options of a command; if it does nothing by itself, those of its subcommands."""
    found = app[command]
    below = [found[name] for name in found if not name.startswith("-")]
    parts = [found] if found.default_command else below
    arguments = [argument for each in parts for argument in each.assemble_argument_collection()]
    return {name for each in arguments for name in each.names if name.startswith("-")}


def test_every_command_has_a_guide():
    assert set(commands()) == set(GUIDE_OF)


@pytest.mark.parametrize("command", GUIDE_OF)
def test_the_guide_has_a_row_for_each_option_of_a_command(command):
    text = read(GUIDE_OF[command])
    listed = {name.split()[0] for name in rows(text) if name.startswith("--")}
    assert f"flamenco {command}" in text
    assert options(command) <= listed


@pytest.mark.parametrize("guide", sorted(set(GUIDE_OF.values())))
def test_a_guide_lists_no_option_that_is_gone(guide):
    known = set().union(*(options(name) for name, place in GUIDE_OF.items() if place == guide))
    listed = {name.split()[0] for name in rows(read(guide)) if name.startswith("--")}
    assert listed <= known


def test_commands_in_the_documents_are_there_and_know_their_options():
    spoken = re.compile(r"^\s*(?:uv run )?flamenco ([a-z]+)(.*?)(?: #.*)?$", re.MULTILINE)
    seen = set()
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for command, rest in spoken.findall(block):
                assert command in commands(), page
                seen.add(command)
                assert set(re.findall(r"--[a-z-]+", rest)) <= options(command), page
    assert seen == set(commands())


# Configuration


def keys(values: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and key != "variables":
            yield from keys(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def written(value: object) -> str:
    """A default as the guide writes it."""
    match value:
        case None:
            return "unset"
        case "":
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple() | list():
            return f"`[{', '.join(value)}]`"
        case Mapping():
            return ", ".join(f"`{name}`" for name in value)
    return f"`{value}`"


CONFIGURED = [
    *keys(manager_config_values(ManagerConfig())),
    *keys(write_section(WorkerFile())),
]


@pytest.mark.parametrize(("key", "default"), CONFIGURED, ids=[key for key, _ in CONFIGURED])
def test_the_operator_guide_has_each_key_with_its_default(key, default):
    cells = rows(read("docs/operator-guide.md"))[key]
    assert cells[0].startswith(written(default))
    assert cells[1]


def test_the_operator_guide_has_no_key_that_is_gone():
    text = read("docs/operator-guide.md")
    tables = re.findall(r"^\| key \| default .*?\n\n", text, re.MULTILINE | re.DOTALL)
    listed = {name for table in tables for name in rows(table)}
    assert len(tables) == 2
    assert listed == {key for key, _ in CONFIGURED}


# The API

CONVERTER = r"<\w+(\(.*?\))?:"


def operations() -> set[str]:
    farm = SimpleNamespace(
        services=SimpleNamespace(reader=None, config=ManagerConfig()),
        store=SimpleNamespace(touched=None),
    )
    web = build_app(farm)
    return {
        f"{method} {re.sub(CONVERTER, '<', rule.rule).removeprefix('/api/v3')}"
        for rule in web.url_map.iter_rules()
        if rule.rule.startswith("/api/v3")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_api_page_has_exactly_the_operations_there_are():
    methods = ("GET ", "POST ", "PUT ", "DELETE ")
    listed = {name for name in rows(read("docs/api.md")) if name.startswith(methods)}
    assert listed == operations()


def test_the_api_page_explains_every_code_of_a_refusal_and_every_event_it_names():
    text = read("docs/api.md")
    listed = {int(code) for code in re.findall(r"\b([45]\d\d)\b(?=[ ,\d]* \|)", text)}
    assert set(STATUS_OF.values()) <= listed
    events = {name for name in rows(text) if name.startswith("/")}
    assert events == set(EVENT_NAMES.values()) | {ALIVE, RESYNC}


@pytest.mark.parametrize("status", [*JobStatus, *TaskStatus])
def test_the_rules_name_every_status_that_is_ever_seen(status):
    never_stored = {JobStatus.UNDER_CONSTRUCTION}
    assert status in never_stored or re.search(rf"\b{status}\b", read("docs/rules.md"))


# Links and hosts


def anchors(page: Path) -> set[str]:
    """The places in a page that links can name, as GitHub and its likes make them."""
    text = FENCED.sub("", page.read_text("utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text))
    return {title.strip().replace(" ", "-") for title in plain}


@each_page
def test_links_lead_somewhere(page):
    text = FENCED.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_every_document_is_in_the_index():
    linked = set(re.findall(r"\]\(([\w-]+\.md)", read("docs/index.md")))
    assert linked == {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}


@each_page
def test_no_host_is_named_but_those_of_the_list(page):
    assert set(HOST.findall(page.read_text("utf-8").lower())) <= HOSTS


async def test_the_tree_of_actors_is_that_of_a_farm(tmp_path):
    tree = read("docs/architecture.md").partition("ActorSystem")[2].partition("```")[0]
    async with stage_at(tmp_path) as stage:
        actors = [each.name for each in stage.farm.system.tree().children]
    assert re.findall(r"[├└]── /(\w+)", tree) == actors


@pytest.mark.parametrize(("way", "limit"), [("A submission", 25), ("A line of a log", 20)])
def test_each_way_through_the_house_passes_few_files_and_each_of_them_once(way, limit):
    section = read("docs/architecture.md").partition("### Two ways through the house")[2]
    table = section.partition(way)[2].partition("| file |")[2].partition("\n\n")[0]
    passed = re.findall(r"`([\w/]+\.py)`", table)
    assert all((ROOT / path).is_file() for path in passed), passed
    assert len(passed) == len(set(passed)) < limit


def test_every_dependency_is_explained():
    project = read("pyproject.toml")
    lists = re.findall(r"^(?:dependencies|dev|lint) = \[\n(.*?)^\]", project, re.M | re.S)
    names = re.findall(r'"([\w.-]+)[><=]', "".join(lists))
    text = read("docs/architecture.md").partition("## Dependencies")[2]
    assert len(names) > 20
    assert not [name for name in names if not re.search(rf"\b{re.escape(name)}\b", text)]

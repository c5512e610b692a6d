"""The table of allowed imports, and the real imports read against it.

The program is a pipeline, and this test keeps it one: a module knows the modules to its left and nothing
else. Imports inside functions and under `TYPE_CHECKING` count like all others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "feedmaker"

# A row is a module, or a package with all that is in it, in the order in which the data flows. "pure" rows
# touch no disk, network, clock or chance. The rest of the row says which rows above it may be imported:
# "..content" means every row from the top down to content, and for a pure row every pure one of them.
# Modules of one row may import each other; a module of a package with a row of its own ("notes.folder") does
# not count to the package's row.
TABLE = """
    feedmaker       pure  -
    listing               -
    idle                  feedmaker listing
    errors          pure  -
    model           pure  errors
    text            pure  ..model
    uri             pure  ..model
    marked_yaml     pure  errors
    due             pure  -
    cron            pure  due
    plain_times     pure  due cron
    categories      pure  -
    config          pure  ..categories
    config_schema   pure  config
    merchants       pure  ..config
    notes           pure  ..merchants
    notes.folder          listing
    lock            pure  ..notes
    content         pure  ..notes
    disclosure      pure  errors merchants
    template_files        listing
    tracing         pure  -
    templating            text errors template_files tracing
    cores                 -
    history         pure  lock
    catalogue       pure  notes
    show_notes      pure  ..content
    tokens          pure  -
    newsletter      pure  ..content disclosure templating catalogue tracing tokens
    sent            pure  ..notes newsletter
    feeds           pure  ..sent
    pages           pure  ..catalogue templating sent
    series          pure  ..pages
    lint            pure  ..categories
    importing       pure  ..notes
    sources         pure  ..importing
    serving         pure  config model
    moved           pure  ..serving
    artwork               -
    logo                  errors marked_yaml config uri
    podcast_faults        ..feeds artwork
    sample          pure  ..content
    secrets               errors
    bounces         pure  text
    bounces.webhooks pure errors text bounces secrets
    bounces.places        errors uri secrets bounces
    disk                  errors
    index                 errors listing notes.folder
    publish               errors model index disk
    worklock              errors disk
    crash                 -
    fetch                 feedmaker errors
    signs                 feedmaker errors text secrets fetch
    crawl                 errors fetch sources
    source_memory         errors disk crawl
    push                  errors uri config secrets disk worklock fetch
    settling              -
    reading               ..lock cores index podcast_faults settling
    sent_files            errors listing index disk notes.folder reading sent
    build                 ..sent_files
    addresses       pure  errors
    wishes          pure  errors text
    delivery.pace   pure  -
    delivery.message_ids pure addresses
    store.records   pure  -
    store                 disk errors text store.records
    signup          pure  errors config text uri templating newsletter store.records
    template_faults       ..sample store.records signup
    checking              ..lock logo podcast_faults reading sent_files template_files wishes template_faults
    subscriber_csv  pure  errors text addresses wishes store.records
    faults          pure  store.records
    fault_notices   pure  ..text config newsletter store.records faults
    delivery.transports.content pure errors
    delivery.transports  ..config secrets bounces.webhooks disk fetch delivery.transports.content
    delivery    ..config newsletter secrets tokens bounces ..store.records store delivery.transports
    doctor          pure  ..config newsletter
    doctor.asking         errors fetch doctor
    timing          pure  config due
    app                   feedmaker ..timing
    scheduler             ..app
    web                   errors config crash bounces bounces.webhooks store.records signs signup app
    cli                   feedmaker errors idle plain_times crash store.records doctor signs app scheduler web
    __main__              idle cli
"""

IMPURE_MODULES = {
    *("glob", "os", "pathlib", "shutil", "subprocess", "tempfile"),
    *("smtplib", "socket", "sqlite3"),
    *("random", "secrets", "time"),
}
IMPURE_CALLS = {"make_msgid", "now", "open", "today", "utcnow", "uuid1", "uuid4"}


@dataclass(frozen=True)
class Row:
    """Say what the modules of one row of the table may do."""

    name: str
    is_pure: bool
    may_import: frozenset[str]

    def covers(self, module: str) -> bool:
        """Tell whether a module is this row's own, or stands in its package."""
        return module == self.name or module.startswith(f"{self.name}.")


def parse_table(text: str) -> dict[str, Row]:
    """Read the table; a row that names something not above it is refused, so the table has no circles."""
    rows: dict[str, Row] = {}
    for line in text.split("\n"):
        name, *words = line.split() or [""]
        if not name:
            continue
        is_pure = words[:1] == ["pure"]
        above = list(rows)
        allowed: set[str] = set()
        for word in words[is_pure:]:
            bare = word.removeprefix("..")
            if word == "-":
                continue
            if bare not in rows:
                raise ValueError(f"{name}: {bare} is not above it")
            span = above[: above.index(bare)] if bare != word else []
            # What is pure must name the impure rows that it may import; a range holds none for it.
            allowed.update([bare, *(each for each in span if rows[each].is_pure or not is_pure)])
        rows[name] = Row(name, is_pure, frozenset(allowed))
    return rows


def module_name(path: Path) -> str:
    """Return the name of a file's module below feedmaker; the package itself is called feedmaker."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "feedmaker"


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
ROWS = parse_table(TABLE)


def find_row(module: str, rows: dict[str, Row]) -> Row | None:
    """Return the row that fits a module most closely."""
    return max(
        (row for row in rows.values() if row.covers(module)), key=lambda row: len(row.name), default=None
    )


def imported_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the full dotted name of everything that is imported, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import has no name to look up; the dots never match a row and are reported.
            source = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def find_faults(module: str, source: str, rows: dict[str, Row]) -> list[str]:
    """Return what a module's source does that its row does not allow."""
    row = find_row(module, rows)
    if row is None:
        return [f"{module}: no row of the table; add one where the module stands in the pipeline"]
    tree = ast.parse(source)
    faults = [
        f"{module}:{line}: imports {name}" + (" though it is pure" if _is_impure(name) else "")
        for line, name in imported_names(tree)
        if not _may_import(row, name, rows)
    ]
    if row.is_pure:
        faults += [f"{module}:{line}: calls {name} though it is pure" for line, name in _impure_calls(tree)]
    return faults


def _may_import(row: Row, name: str, rows: dict[str, Row]) -> bool:
    root, _, rest = name.partition(".")
    if not root:
        return False
    if root != "feedmaker":
        return not (row.is_pure and _is_impure(name))
    target = find_row(rest, rows)
    if target is None:
        # `from feedmaker import __version__`: a name that the package itself defines.
        return not rest or rest == "__version__"
    return target is row or target.name in row.may_import


def _is_impure(name: str) -> bool:
    return name.partition(".")[0] in IMPURE_MODULES


def _impure_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield calls that read a clock, the disk or chance, and the clock handed on uncalled."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.rpartition(".")[2] in IMPURE_CALLS:
                yield node.lineno, called
            for value in (*node.args, *(keyword.value for keyword in node.keywords)):
                if ast.unparse(value) in {"datetime.now", "datetime.utcnow", "date.today", "uuid4"}:
                    yield value.lineno, ast.unparse(value)


@pytest.mark.parametrize("module", FILES)
def test_module_keeps_to_its_row(module: str) -> None:
    """A module imports what its row allows, and a pure one reads nothing from outside."""
    faults = find_faults(module, FILES[module].read_text("utf-8"), ROWS)

    assert not faults, "\n".join(["not allowed by the table in tests/test_layers.py:", *faults])


PLANTED_ROWS = parse_table(
    """
    model     pure  -
    lock      pure  model
    feeds     pure  ..lock
    feeds.disk      ..feeds
    publish         model
    pages     pure  ..feeds.disk
    mail      pure  ..publish
    app             ..publish
    """
)


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("lock", "import feedmaker.feeds", "lock:1: imports feedmaker.feeds"),
        ("lock", "from feedmaker.feeds.rss import write", "lock:1: imports feedmaker.feeds.rss.write"),
        ("lock", "from feedmaker import feeds", "lock:1: imports feedmaker.feeds"),
        ("lock", "from feedmaker import *", "lock:1: imports feedmaker.*"),
        ("lock", "from .model import Episode", "lock:1: imports .model.Episode"),
        ("publish", "def f():\n    from feedmaker import app", "publish:2: imports feedmaker.app"),
        ("feeds.rss", "if TYPE_CHECKING:\n    import feedmaker.app", "feeds.rss:2: imports feedmaker.app"),
        (
            "unheard_of",
            "",
            "unheard_of: no row of the table; add one where the module stands in the pipeline",
        ),
        ("feeds.rss", "import os.path", "feeds.rss:1: imports os.path though it is pure"),
        ("mail", "import feedmaker.feeds.disk", "mail:1: imports feedmaker.feeds.disk"),
        ("model", "from pathlib import Path", "model:1: imports pathlib.Path though it is pure"),
        ("model", "def f():\n    import time", "model:2: imports time though it is pure"),
        ("model", "datetime.now(UTC)", "model:1: calls datetime.now though it is pure"),
        (
            "model",
            "import datetime\ndatetime.date.today()",
            "model:2: calls datetime.date.today though it is pure",
        ),
        ("model", "field(default_factory=datetime.now)", "model:1: calls datetime.now though it is pure"),
        ("model", "open('note.md')", "model:1: calls open though it is pure"),
    ],
    ids=str,
)
def test_planted_fault_is_found(module: str, source: str, fault: str) -> None:
    """Each kind of fault is found where it was planted, or the test above would prove nothing."""
    assert find_faults(module, source, PLANTED_ROWS) == [fault]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("lock", "from feedmaker.model import Episode\nfrom feedmaker import __version__"),
        ("feeds.rss", "from feedmaker.feeds.feed import Feed\nimport feedmaker.lock\nimport json"),
        ("feeds.disk", "import os\nfrom feedmaker.feeds.rss import write"),
        ("publish", "import os\nfrom datetime import datetime\ndatetime.now()"),
        ("app", "from feedmaker import feeds, publish"),
        ("pages", "import feedmaker.feeds.disk"),
        ("model", "def f(now):\n    return now"),
    ],
    ids=str,
)
def test_allowed_source_has_no_faults(module: str, source: str) -> None:
    """What the table allows passes."""
    assert find_faults(module, source, PLANTED_ROWS) == []


def test_table_with_a_circle_is_refused() -> None:
    """A row cannot name a row below it, so imports go one way."""
    with pytest.raises(ValueError, match="model: lock is not above it"):
        parse_table("model lock\nlock model")

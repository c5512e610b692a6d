"""Templates: whose file wins, what is escaped, and what is said when one is broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings

from feedmaker.errors import TemplateError
from feedmaker.template_files import packaged_folder, template_files
from feedmaker.templating import Templates
from tests.content.episodes import hostile_text
from tests.content.reader import read_html

Write = Callable[..., Templates]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes templates into a project's folder, by path and text."""

    def write(**files: str) -> Templates:
        for name, text in files.items():
            path = tmp_path / "templates" / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Templates(tmp_path / "templates")

    return write


def test_packaged_templates_serve_a_project_without_its_own(tmp_path: Path) -> None:
    """A project folder without templates, or without the folder, renders the packaged ones."""
    css = Templates(tmp_path / "none").source("site/style.css")

    assert css == (packaged_folder() / "site" / "style.css").read_text(encoding="utf-8")


def test_project_file_wins_over_the_packaged_one(write: Write) -> None:
    """A file of the same name in the project replaces the packaged one."""
    templates = write(site__style_css="body { color: teal }\n")

    assert templates.render("site/style.css") == "body { color: teal }\n"
    assert templates.source("site/style.css") == "body { color: teal }\n"


def test_project_file_may_build_on_the_packaged_one(write: Write) -> None:
    """`packaged/NAME` is the packaged file, even where the project has one of that name."""
    templates = write(site__style_css='{% include "packaged/site/style.css" %}\nbody { color: teal }\n')

    rendered = templates.render("site/style.css")

    assert rendered.startswith(Templates(Path("nowhere")).source("site/style.css"))
    assert rendered.endswith("body { color: teal }\n")


@pytest.fixture(scope="module")
def value_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Return templates of three kinds that show one value."""
    folder = tmp_path_factory.mktemp("templates")
    for name in ("value.html", "value.mjml"):
        (folder / name).write_text('<p title="{{ value }}">{{ value }}</p>', encoding="utf-8")
    (folder / "value.txt").write_text("{{ value }}", encoding="utf-8")
    return Templates(folder)


@settings(deadline=None)
@given(text=hostile_text())
def test_text_is_escaped_everywhere_but_in_plain_text(value_templates: Templates, text: str) -> None:
    """HTML and MJML show a value as it is; a .txt template has no markup to protect."""
    for name in ("value.html", "value.mjml"):
        page = read_html(value_templates.render(name, value=text))
        assert page.one("p").text == page.one("p").attributes["title"] == text
        assert len(list(page.walk())) == 1
    assert value_templates.render("value.txt", value=text) == text


def test_filters_write_times_as_people_and_formats_have_them(write: Write) -> None:
    """Templates can write dates, times of day, lengths and times in a recording."""
    templates = write(
        a_txt="{{ day | long_date }}; {{ moment | utc }}; {{ 5100 | duration }}; {{ 75 | clock }}"
    )

    assert templates.render("a.txt", day=date(2020, 2, 2), moment=datetime(2020, 2, 2, 8, tzinfo=UTC)) == (
        "2 February 2020; 2020-02-02T08:00:00Z; 1h 25m; 00:01:15"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n{% if x %}", "templates/a.html:2:4: error: Unexpected end of template."),
        ("a\n\n{{ nobody }}", "templates/a.html:3:4: error: 'nobody' is undefined"),
        ("a\n{{ value.nothing }}", "templates/a.html:2:10: error: 'str object' has no attribute 'nothing'"),
        ("a\n{{ value | shout }}", "templates/a.html:2:12: error: No filter named 'shout'."),
        ("a\n{{ value | long_date }}", "templates/a.html:2:1: error: 'str' object has no attribute 'day'"),
        ("a\n{{ 1 / 0 }}", "templates/a.html:2:1: error: division by zero"),
        ("a\n{{ value + 1 }}", "templates/a.html:2:1: error: can only concatenate str"),
        ('a\n{% include "b.html" %}', 'templates/a.html:2:13: error: there is no template "b.html"'),
        ('a\n{% include ["b.html", "c.html"] %}', "templates/a.html:2:1: error: there is no template"),
        ('{% extends "a.html" %}', "templates/a.html:1:1: error: it extends or includes itself;"),
        (
            '{% extends "packaged/a.html" %}',
            'templates/a.html:1:13: error: there is no template "packaged/a.html"',
        ),
    ],
)
def test_broken_template_is_named_with_its_line(write: Write, text: str, message: str) -> None:
    """Whatever is wrong with a project's template, the error names its file and line."""
    templates = write(a_html=text)

    with pytest.raises(TemplateError) as caught:
        templates.render("a.html", value="x")

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("a\n{{ nobody }}", "templates/base.html:2:4: error: 'nobody' is undefined"),
        ("a\n\n{% for %}", "templates/base.html:3:1: error: "),
    ],
)
def test_fault_is_placed_in_the_template_that_has_it(write: Write, base: str, message: str) -> None:
    """A fault of a base template is not blamed on the template that extends it."""
    templates = write(a_html='{% extends "base.html" %}', base_html=base)

    with pytest.raises(TemplateError) as caught:
        templates.render("a.html")

    assert str(caught.value).startswith(message)


def test_fault_in_a_block_is_placed_in_the_block(write: Write) -> None:
    """A fault in an overriding block is not blamed on the base template that calls it."""
    templates = write(
        a_html='{% extends "base.html" %}\n{% block b %}\n{{ nobody }}{% endblock %}',
        base_html="{% block b %}{% endblock %}",
    )

    with pytest.raises(TemplateError, match=r"^templates/a\.html:3:4: error: 'nobody' is undefined"):
        templates.render("a.html")


@pytest.mark.parametrize("read", [Templates.render, Templates.source])
def test_missing_template_is_an_error(write: Write, read: Callable[[Templates, str], str]) -> None:
    """A name without any file is named in the error."""
    with pytest.raises(
        TemplateError, match=r'^templates/a/b\.html:1:1: error: there is no template "a/b\.html"'
    ):
        read(write(), "a/b.html")


@pytest.mark.parametrize("read", [Templates.render, Templates.source])
def test_template_must_be_utf_8(tmp_path: Path, read: Callable[[Templates, str], str]) -> None:
    """A file in another encoding is an error that names the file."""
    (tmp_path / "a.html").write_bytes("Größe".encode("latin-1"))

    with pytest.raises(TemplateError, match=r"^templates/a\.html:1:1: error: the file is not UTF-8"):
        read(Templates(tmp_path), "a.html")


@pytest.mark.parametrize("name", ["../secret.html", "a/../../secret.html", "/etc/hostname"])
def test_template_stands_in_its_folder(write: Write, tmp_path: Path, name: str) -> None:
    """No name leads out of the folders of templates."""
    (tmp_path / "secret.html").write_text("secret", encoding="utf-8")

    with pytest.raises(TemplateError, match="there is no template"):
        write().render(name)


def test_digest_knows_where_a_template_stands(tmp_path: Path) -> None:
    """Two projects whose only templates differ in nothing but their folder have two fingerprints."""
    for place in ("first/site", "second/mail"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.html").write_text("1", encoding="utf-8")

    assert Templates(tmp_path / "first").digest() != Templates(tmp_path / "second").digest()


def test_digest_notices_every_change(write: Write, tmp_path: Path) -> None:
    """A changed, added or renamed template changes the fingerprint; nothing else does."""
    first = write(site__a_html="1").digest()
    assert write().digest() == first

    seen = {first, write(site__a_html="2").digest(), write(mail__b_html="2").digest()}
    (tmp_path / "templates" / "mail" / "b.html").rename(tmp_path / "templates" / "mail" / "c.html")
    seen.add(write().digest())

    assert len(seen) == 4


def test_digest_is_the_same_wherever_the_project_stands(tmp_path: Path) -> None:
    """Another machine, with the project in another folder, gets the same fingerprint."""
    for place in ("here", "there/deeper"):
        (tmp_path / place / "site").mkdir(parents=True)
        (tmp_path / place / "site" / "a.html").write_text("1", encoding="utf-8")

    here, there = (Templates(tmp_path / place).digest() for place in ("here", "there/deeper"))

    assert here == there


def test_project_that_is_the_package_lists_no_file_twice(write: Write, tmp_path: Path) -> None:
    """The project's files come first, then the packaged ones, unless they are the project's."""
    write(site__a_html="1")
    packaged = list(template_files(packaged_folder()))

    assert list(template_files(tmp_path / "templates")) == [
        tmp_path / "templates" / "site" / "a.html",
        *packaged,
    ]
    assert len(packaged) == len(set(packaged))

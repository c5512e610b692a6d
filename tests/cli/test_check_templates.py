"""`feedmaker check` and templates: every fault with its place, before anything is made of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from feedmaker.template_files import packaged_folder
from tests.conftest import Cli
from tests.projects import PAID, ROOT, ProjectFolder

CARD = "newsletter/parts/card.mjml"
ISSUE = (
    "<mjml><mj-body><mj-section><mj-column>\n"
    "{{% for episode in issue.episodes %}}\n{}\n{{% endfor %}}\n"
    "<mj-text>{{{{ issue.postal_address }}}} "
    "{{% if issue.unsubscribe %}}<a href='{{{{ issue.unsubscribe }}}}'>Leave</a>{{% endif %}}</mj-text>\n"
    "</mj-column></mj-section></mj-body></mjml>\n"
)
INCLUDING = ISSUE.format(f'{{% include "{CARD}" %}}')


def lines(cli: Cli, project: ProjectFolder, *paths: str | Path) -> list[str]:
    """Return the lines of `check`."""
    return cli("-C", project.root, "check", *paths).out.splitlines()


def test_sound_templates_are_silent(project: ProjectFolder, cli: Cli) -> None:
    """Copies of all packaged templates, in a project with paid links, have no fault."""
    project.schedule(PAID)
    shutil.copytree(packaged_folder(), project.root / "templates")

    done = cli("-C", project.root, "check")

    assert (done.code, done.out) == (0, "")


def test_parts_that_nothing_fills_yet_are_tried(project: ProjectFolder, cli: Cli) -> None:
    """An outro can be switched on by a line of schedule.yaml, when nobody looks at templates any more."""
    project.write("templates/newsletter/parts/outro.mjml", "<mj-section><mj-txt>a</mj-txt></mj-section>")

    (told,) = lines(cli, project)

    assert told.startswith("templates/newsletter/parts/outro.mjml:1:13: error: <mj-txt>")


def test_every_fault_of_every_template_is_told(project: ProjectFolder, cli: Cli) -> None:
    """Pages, styles and both parts of the mail are told together, each with file, line and column."""
    project.write("templates/newsletter/issue.mjml", INCLUDING)
    project.write(
        f"templates/{CARD}", '<mj-text>\n  <b id=x>a</b>\n</mj-text>\n<mj-button colr="red">a</mj-button>'
    )
    project.write("templates/newsletter/issue.txt", "{{ issue.title }}\n{{ issue.titel }}\n")
    project.write("templates/site/episode.html", '{% extends "packaged/site/base.html" %}\n\n{% if %}')
    project.write("templates/site/style.css", "a{#b}\n{{ colour }}")
    project.write("templates/site/tag.html", "{{ 1 / 0 }}")

    done = cli("-C", project.root, "check", "--format", "json")

    assert done.code == 1
    places = {(each["path"], each["line"], each["column"], each["code"]) for each in json.loads(done.out)}
    assert places >= {
        (f"templates/{CARD}", 2, 8, "bad-mjml"),
        (f"templates/{CARD}", 4, 12, "bad-mjml"),
        ("templates/newsletter/issue.txt", 2, 10, "bad-template"),
        ("templates/site/episode.html", 3, 1, "bad-template"),
        ("templates/site/tag.html", 1, 1, "bad-template"),
    }
    assert {path for path, *_ in places} == {
        f"templates/{CARD}",
        "templates/newsletter/issue.txt",
        "templates/site/episode.html",
        "templates/site/style.css",
        "templates/site/tag.html",
    }


def test_template_that_fails_only_for_sparse_notes_is_found(project: ProjectFolder, cli: Cli) -> None:
    """The sample has a note with everything and one with nothing but its title."""
    project.write(
        "templates/newsletter/issue.mjml", ISSUE.format("<mj-text>{{ html(episode.reveals[0]) }}</mj-text>")
    )

    (line,) = [line for line in lines(cli, project) if "bad-template" in line]

    assert line.startswith("templates/newsletter/issue.mjml:3:")


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("<mj-text>{{ episode.takeaways }}</mj-text>", "this is a list, or formatted text"),
        ("<mj-text>{{ episode.lead[0] }}</mj-text>", "this is a list, or formatted text"),
        ("<mj-text>{{ issue.logo }}</mj-text>", "there is nothing to write here"),
        ("<mj-text>{{ episode }}</mj-text>", "EpisodeView is no text"),
    ],
)
def test_what_is_no_text_is_not_written(project: ProjectFolder, cli: Cli, part: str, reason: str) -> None:
    """Nobody reads how Python writes a list, nothing, or something of the program's own."""
    project.write("templates/newsletter/issue.mjml", ISSUE.format(part))

    found = [line for line in lines(cli, project) if reason in line]

    assert [line.partition(": ")[0] for line in found] == ["templates/newsletter/issue.mjml:3:1"]


def test_block_that_is_not_shown_is_a_warning(project: ProjectFolder, cli: Cli) -> None:
    """A misspelt block replaces nothing; one inside another block is new, and no mistake."""
    project.write(
        "templates/newsletter/issue.txt",
        '{% extends "packaged/newsletter/issue.txt" %}\n{% block foter %}Bye{% endblock %}\n'
        "{% block outro %}{% block mine %}Bye{% endblock %}{% endblock %}\n",
    )

    (line,) = lines(cli, project)
    assert line == (
        'templates/newsletter/issue.txt:2:1: warning: what this template extends has no block "foter", '
        "so it is not shown; did you mean footer? [unknown-block]"
    )


def test_template_that_is_not_utf_8_is_told_with_the_others(project: ProjectFolder, cli: Cli) -> None:
    """A file in another encoding does not keep the rest from being checked."""
    (project.root / "templates" / "site").mkdir(parents=True)
    (project.root / "templates" / "site" / "tag.html").write_bytes(b"\xe9")
    project.write("templates/site/tags.html", "{% if %}")

    told = " ".join(lines(cli, project))

    assert (
        "templates/site/tag.html:1:1: error: the file is not UTF-8; save it as UTF-8 [bad-template]" in told
    )
    assert "templates/site/tags.html:1:1" in told


def test_stylesheet_in_plain_css_is_no_template(project: ProjectFolder, cli: Cli) -> None:
    """`{#` begins a comment of Jinja2, and is common where CSS is made small."""
    project.write("templates/site/style.css", "@media print{#a{color:red}}")

    assert lines(cli, project) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("newsletter/isue.mjml", "did you mean newsletter/issue.mjml?"),
        ("issue.mjml", "did you mean newsletter/issue.mjml?"),
        ("site/episode.htm", "did you mean site/episode.html?"),
        ("zebra/quagga.txt", "let another template include it, or remove it"),
    ],
)
def test_file_that_nothing_uses_is_a_warning(project: ProjectFolder, cli: Cli, name: str, hint: str) -> None:
    """A misspelt name replaces nothing, which the publisher would otherwise wonder about."""
    project.write(f"templates/{name}", "x")

    done = cli("-C", project.root, "check")

    assert done.code == 0
    assert (
        done.out == f"templates/{name}:1:1: warning: nothing is made of this file; {hint} [unused-template]\n"
    )


def test_file_that_another_uses_is_no_warning(project: ProjectFolder, cli: Cli) -> None:
    """What is included, imported or extended is used, also under a name that is made while rendering."""
    project.write(
        "templates/site/index.html",
        '{% extends "mine/base.html" %}{% import "mine/macros.html" as macros %}'
        '{% if false %}{% include ["mine/a.html", "mine/b.html"] %}{% endif %}'
        '{% block content %}{% set part = "part" %}{% include "mine/" ~ part ~ ".html" %}{% endblock %}',
    )
    for name in ("base", "macros", "a", "b", "part"):
        project.write(f"templates/mine/{name}.html", "{% block content %}{% endblock %}")
    project.write("templates/mine/.part.html.swp", "x")
    project.write("templates/mine/part.html~", "x")

    assert lines(cli, project) == []


def test_fault_of_an_unused_template_is_told_too(project: ProjectFolder, cli: Cli) -> None:
    """Every file is compiled, whether or not it is rendered."""
    project.write("templates/newsletter/parts/old.mjml", "\n  {% endif %}")

    assert [line.rpartition(" ")[2] for line in lines(cli, project)] == [
        "[unused-template]",
        "[bad-template]",
    ]


def test_issue_that_would_be_refused_is_an_error(project: ProjectFolder, cli: Cli) -> None:
    """What every issue needs is looked for in the sample, and not only when the first is drafted."""
    project.write(
        "templates/newsletter/issue.mjml", INCLUDING.replace("issue.unsubscribe", "issue.site_address")
    )
    project.write(f"templates/{CARD}", "<mj-text>{{ episode.title }}</mj-text>")

    (line,) = lines(cli, project)

    assert line == (
        "templates/newsletter/issue.mjml:1:1: error: HTML part: the unsubscribe address is missing "
        "(mailto:letter@lamp.example.org?subject=unsubscribe%20TOKEN) [incomplete-issue]"
    )


def test_broken_schedule_leaves_templates_compiled(project: ProjectFolder, cli: Cli) -> None:
    """Without settings nothing can be rendered, but what is no template at all is told."""
    project.schedule(text="site: {titel: X}\n")
    project.write("templates/newsletter/issue.mjml", "{{ nobody }}")
    project.write("templates/newsletter/issue.txt", "{% for %}")

    found = [line for line in lines(cli, project) if line.startswith("templates/")]

    assert [line.partition(": ")[0] for line in found] == ["templates/newsletter/issue.txt:1:1"]


def test_mail_is_left_alone_without_a_newsletter(project: ProjectFolder, cli: Cli) -> None:
    """A site without a newsletter has no issue to try."""
    schedule = (project.root / "schedule.yaml").read_text("utf-8")
    project.schedule(text=schedule[: schedule.index("newsletter:")])
    project.write("templates/newsletter/issue.mjml", "{{ nobody }}")

    assert lines(cli, project) == []


@pytest.mark.parametrize(
    ("start", "path", "shown"),
    [
        (".", f"templates/{CARD}", [f"templates/{CARD}:1:1"]),
        ("templates/newsletter", "parts/card.mjml", ["parts/card.mjml:1:1"]),
        ("templates/newsletter/parts", "..", ["../issue.txt:1:4", "../parts/card.mjml:1:1"]),
        (".", "templates", ["templates/newsletter/issue.txt:1:4", f"templates/{CARD}:1:1"]),
        (".", "templates/newsletter/issue.mjml", []),
    ],
)
def test_named_template_is_checked(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, start: str, path: str, shown: list[str]
) -> None:
    """Only what is named is told, under the name that the caller uses, and no note is."""
    project.write("templates/newsletter/issue.mjml", INCLUDING)
    project.write(f"templates/{CARD}", "<mj-txet></mj-txet>")
    project.write("templates/newsletter/issue.txt", "{{ nobody }}")
    project.write("episodes/a.md", "---\n---\n")
    monkeypatch.chdir(project.root / start)

    done = cli("check", path)

    assert [line.partition(": ")[0] for line in done.out.splitlines()] == shown
    assert done.code == bool(shown)


def test_note_outside_and_template_are_checked_together(
    project: ProjectFolder, cli: Cli, tmp_path: Path
) -> None:
    """Each path is what the place where it stands makes it."""
    (tmp_path / "note.txt").write_text("no note", "utf-8")
    project.write("templates/newsletter/issue.txt", "{{ nobody }}")

    done = cli(
        "-C", project.root, "check", tmp_path / "note.txt", project.root / "templates/newsletter/issue.txt"
    )

    assert {line.rpartition("[")[2] for line in done.out.splitlines()} == {"missing-facts]", "bad-template]"}


def test_project_without_templates_pays_nothing_for_them(project: ProjectFolder) -> None:
    """Neither Jinja2 nor MJML is imported where there is nothing to check with them."""
    program = (
        "import sys\nfrom feedmaker.cli import run\n"
        f"code = run(['-C', {str(project.root)!r}, 'check'])\n"
        "print(code, sorted({'jinja2', 'mjml', 'feedmaker.template_faults'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )

    assert done.stdout == "0 []\n"


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        (CARD, "<mj-text>\n <mj-txet />\n</mj-text>", f"templates/{CARD}:2:2: error: "),
        (CARD, "<mj-text>\n{{ nobody }}\n</mj-text>", f"templates/{CARD}:2:4: error: "),
        ("newsletter/issue.txt", "\n{{ nobody }}", "templates/newsletter/issue.txt:2:4: error: "),
    ],
)
def test_broken_template_stops_a_draft(
    project: ProjectFolder, cli: Cli, name: str, text: str, place: str
) -> None:
    """Drafting and sending fail with what `check` says; nothing is stored, and nothing goes out."""
    project.note("fog")
    project.build()
    assert cli("-C", project.root, "subscribers", "add", "ada@example.org").code == 0
    project.write("templates/newsletter/issue.mjml", INCLUDING)
    project.write(f"templates/{CARD}", "<mj-text>{{ episode.title }}</mj-text>")
    project.write(f"templates/{name}", text)

    done = cli("-C", project.root, "newsletter", "draft", "--backlog", "1")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(place)
    assert done.err == cli("-C", project.root, "check").out
    assert cli("-C", project.root, "newsletter", "list").out.startswith("no issues yet;")
    assert not (project.root / "outbox").exists()

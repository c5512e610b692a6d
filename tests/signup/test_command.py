"""`feedmaker serve` and `feedmaker signup-form` as processes and commands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy

import httpx
import pytest

from feedmaker.store import open_store
from tests.conftest import Cli
from tests.projects import ROOT, ProjectFolder
from tests.servers import free_port
from tests.signup.conftest import ANN, SIGNUP, link_of


@contextmanager
def started(project: ProjectFolder, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `feedmaker serve`, wait until it says where it answers, and hand out both."""
    process = subprocess.Popen(
        [sys.executable, "-m", "feedmaker", "-C", str(project.root), "serve", *options],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+:\d+/", line)
        assert found, line + process.stdout.read()
        yield process, found[0]
    finally:
        process.kill()
        process.stdout.close()
        process.wait(30)


@pytest.fixture
def ready(project: ProjectFolder) -> ProjectFolder:
    """Make a project whose pages are at a port that nobody has yet."""
    address = f"http://127.0.0.1:{free_port()}/letter/"
    project.schedule(SIGNUP.format(address=address, more=""))
    return project


def test_pages_are_served_until_the_signal(ready: ProjectFolder) -> None:
    """Somebody signs up and leaves in one go; SIGTERM ends it with 0, and the mail that waited is out."""
    with started(ready, "--listen", "127.0.0.1:0") as (process, address):
        assert httpx.post(f"{address}subscribe", data={"email": ANN}).status_code == 200
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]

    lines = [re.sub(r"^\S+ \S+ ", "", line) for line in said.splitlines()]
    assert process.returncode == 0
    assert lines[0] == "POST /subscribe 200"
    assert lines[-1] == "stopped"
    assert "a confirmation mail is on its way" in lines
    assert (ready.root / "outbox" / "confirm" / f"{ANN}.eml").exists()
    assert "@" not in said


def test_mail_leads_to_the_outer_address(ready: ProjectFolder) -> None:
    """The link in the mail is below `signup.address`, wherever the server itself listens."""
    outer = re.search(r"address: (http://127\S+)", (ready.root / "schedule.yaml").read_text("utf-8"))
    assert outer
    with started(ready, "--listen", "127.0.0.1:0") as (process, address):
        httpx.post(f"{address}subscribe", data={"email": ANN})
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0

    mail = message_from_bytes(
        (ready.root / "outbox" / "confirm" / f"{ANN}.eml").read_bytes(), policy=policy.default
    )
    assert link_of(mail, outer[1]).startswith("confirm/")


def test_it_listens_where_the_settings_say(ready: ProjectFolder) -> None:
    """Without an option the place is `signup.listen`, and a second server there is refused."""
    place = f"127.0.0.1:{free_port()}"
    ready.schedule(SIGNUP.format(address="http://127.0.0.1:1/", more=f'  listen: "{place}"\n'))
    with started(ready) as (_, address):
        assert address == f"http://{place}/"
        second = subprocess.run(
            [sys.executable, "-m", "feedmaker", "-C", str(ready.root), "serve"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert second.returncode == 1
    assert f"signup.listen: cannot listen at {place}: Address already in use" in second.stderr


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        ("", (), 'has no "signup" section; see docs/signup.md'),
        (
            SIGNUP.format(address="http://127.0.0.1:1/", more=""),
            ("--listen", "nowhere"),
            '--listen: "nowhere" is no address',
        ),
    ],
)
def test_what_cannot_work_is_told_at_once(
    project: ProjectFolder, cli: Cli, more: str, options: tuple[str, ...], said: str
) -> None:
    """A missing section or a place that is none is wrong usage, in a sentence."""
    project.schedule(more)

    ran = cli("-C", project.root, "serve", *options)

    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_broken_template_is_told_at_once(ready: ProjectFolder, cli: Cli) -> None:
    """A fault of a project's own template is told with its place when the server starts, and by check."""
    ready.write("templates/signup/sent.html", '{% extends "packaged/signup/sent.html" %}\n{% block main %}\n')

    for command in ("serve", "check"):
        ran = cli("-C", ready.root, command)
        assert ran.code == 1
        assert "templates/signup/sent.html:2:" in ran.err + ran.out


def test_own_template_and_style_win(ready: ProjectFolder) -> None:
    """A file in templates/signup/ takes the place of the packaged one, and may build on it."""
    ready.write(
        "templates/signup/form.html",
        '{% extends "packaged/signup/form.html" %}{% block title %}Join {{ newsletter.title }}{% endblock %}',
    )
    ready.write("templates/signup/style.css", "body { color: {{ '#123456' }} }")
    with started(ready, "--listen", "127.0.0.1:0") as (_, address):
        assert '<h1 dir="auto">Join The Lamp Letter</h1>' in httpx.get(address).text
        assert httpx.get(f"{address}style.css").text == "body { color: #123456 }"


def test_form_is_printed(ready: ProjectFolder, cli: Cli) -> None:
    """The command prints a form that posts to the outer address, and nothing else."""
    ran = cli("-C", ready.root, "signup-form")

    assert (ran.code, ran.err) == (0, "")
    assert re.match(r'<form method="post" action="http://127\.0\.0\.1:\d+/letter/subscribe"', ran.out)
    assert "<script" not in ran.out
    assert 'name="website"' in ran.out
    assert "Send me The Lamp Letter." in ran.out


def test_form_without_the_section_is_refused(project: ProjectFolder, cli: Cli) -> None:
    """There is nowhere to send the form to."""
    ran = cli("-C", project.root, "signup-form")

    assert ran.code == 2
    assert 'has no "signup" section' in ran.err


def test_it_works_beside_a_tick(ready: ProjectFolder, cli: Cli) -> None:
    """Other commands use the same folder meanwhile; who confirms gets what they send."""
    ready.schedule((ready.root / "schedule.yaml").read_text("utf-8"), text="")
    ready.note("bells")
    with started(ready, "--listen", "127.0.0.1:0") as (process, address):
        assert cli("-C", ready.root, "build").code == 0
        assert httpx.post(f"{address}subscribe", data={"email": ANN}).status_code == 200
        assert cli("-C", ready.root, "tick").code == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    with open_store(ready.open().store_path) as store:
        person = store.subscriber(ANN)
    assert person
    assert person.status == "pending"


def test_pages_of_the_site_lead_to_the_form(ready: ProjectFolder) -> None:
    """With the section every page of the site has a link to sign up, and without it none."""
    text = (ready.root / "schedule.yaml").read_text("utf-8")
    ready.note("bells")
    ready.build()
    with_it = (ready.public / "index.html").read_text("utf-8")
    ready.schedule("", text=text.partition("signup:")[0])
    ready.build()
    without = (ready.public / "index.html").read_text("utf-8")

    link = re.search(r'<p>Or <a href="(http://127\.0\.0\.1:\d+/letter/)">get the newsletter</a>', with_it)
    assert link
    assert "newsletter</a>" not in without

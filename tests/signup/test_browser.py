"""The pages in a real browser: the whole way, without JavaScript too, for everybody, from other sites."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from feedmaker.store import Wishes
from tests.newsletter.test_looks import BROWSERS
from tests.signup.conftest import ANN, CHOICES, Serve, Served
from tests.web.conftest import QUIET

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
_REFUSED = re.compile(r"responded with a status of 4|blocked by CORS policy|net::ERR_FAILED|/favicon\.ico$")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser that is installed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, f"no browser to look at the pages with; install one of {', '.join(BROWSERS)}"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open pages in contexts of their own; what they complain of, or ask of other hosts, fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def note(said: ConsoleMessage) -> None:
        faults.append(f"{said.text} {said.location['url']}")

    def begin(address: str, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: note(said) if said.type == "error" else None)
        page.on("request", lambda asked: faults.append(asked.url) if _is_foreign(asked.url) else None)
        page.goto(address)
        return page

    yield begin
    cookies = [cookie for context in contexts for cookie in context.cookies()]
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not _REFUSED.search(fault)] == []
    assert cookies == []


def _is_foreign(address: str) -> bool:
    return not re.match(r"(http://127\.0\.0\.1:|data:,$)", address)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_whole_way(served: Served, open_page: Open, script: bool) -> None:
    """Somebody signs up, confirms, chooses, and leaves, with nothing but buttons, ticks and links."""
    page = open_page(served.address, java_script_enabled=script)
    page.get_by_label("Your e-mail address").fill("Ann@Example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()

    link = re.search(r"http://\S+", served.mailbox.next().get_content())
    assert link
    page.goto(link[0])
    expect(page.get_by_role("main")).to_contain_text("a…@e….org")
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()

    person = served.person(ANN)
    assert person
    token = served.reader_token(person)
    page.goto(f"{served.address}leave/{token}")
    page.get_by_role("link", name="Get less mail instead").click()
    page.get_by_label("A weekly digest").check()
    page.get_by_label("fog & <lamps>").check()
    page.get_by_label("Language").select_option("Português")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_label("A weekly digest")).to_be_checked()
    chosen = served.person(ANN)
    assert chosen
    assert chosen.wishes == Wishes("digest", ("tag:fog & <lamps>",), "pt-BR")

    page.get_by_role("link", name="Unsubscribe").click()
    page.get_by_role("button", name="Yes, unsubscribe me").click()
    expect(page.get_by_role("heading", name="You get no more mail")).to_be_visible()
    page.reload()
    left = served.person(ANN)
    assert left
    assert left.status == "unsubscribed"
    page.get_by_role("link", name="sign up again").click()
    expect(page.get_by_label("Your e-mail address")).to_be_visible()


def test_mistake_is_told_where_it_stands(served: Served, open_page: Open) -> None:
    """What is no address comes back with a word that belongs to the field, which has the focus."""
    page = open_page(served.address)
    field = page.get_by_label("Your e-mail address")
    field.fill("ann@")
    field.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("This is no address")
    expect(field).to_be_focused()
    expect(field).to_have_value("ann@")
    expect(field).to_have_accessible_description(re.compile("This is no address.* Send me"))
    field.fill(ANN)
    field.press("Enter")
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()


def test_keys_are_enough(served: Served, open_page: Open) -> None:
    """Tab leads from the site's name to the field and the button, past the trap for robots."""
    page = open_page(served.address)
    names = []
    for _ in range(4):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name || document.activeElement.textContent"))

    assert names == ["Lighthouse Notes", "email", "Subscribe", "What becomes of your data"]


def every_page(served: Served) -> dict[str, str]:
    """Return the path of each kind of page, by a name."""
    link = served.confirm_link("bo@example.org")
    done = served.confirm_link("cat@example.org")
    served.post(done)
    active = served.reader_token(served.add(ANN))
    left = served.reader_token(served.add("dan@example.org", "unsubscribed"))
    return {
        "form": "",
        "confirm": link,
        "confirmed": done,
        "leave": f"leave/{active}",
        "left": f"leave/{left}",
        "choose": f"choose/{active}",
        "nothing to choose": f"choose/{left}",
        "damaged": "leave/x",
        "nowhere": "nowhere",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_shuts_anybody_out(served: Served, open_page: Open, width: int, scheme: str) -> None:
    """No page has a violation for axe, none is wider than the screen, and what is pressed is large enough."""
    page = open_page(served.address, viewport={"width": width, "height": 800}, color_scheme=scheme)
    found: dict[str, object] = {}

    def look(name: str) -> None:
        page.evaluate(AXE)
        violations = page.evaluate("async () => (await axe.run()).violations")
        if violations:
            found[name] = [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        for control in page.locator("button, input:visible:not([type=radio]):not([type=checkbox])").all():
            box = control.bounding_box()
            assert box
            assert box["height"] >= 44, name

    for name, path in every_page(served).items():
        page.goto(served.address + path)
        look(name)
    page.goto(served.address)
    page.get_by_role("button").click()
    look("mistake")
    page.get_by_role("textbox").fill("eve@example.org")
    page.get_by_role("button").click()
    look("sent")

    assert found == {}


def test_scheme_follows_the_system(served: Served, open_page: Open) -> None:
    """In the dark the page is dark, and its writing light."""
    colours = {}
    for scheme in ("light", "dark"):
        page = open_page(served.address, color_scheme=scheme)
        colours[scheme] = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    assert colours["light"] != colours["dark"]


# Other sites


class _Site(ThreadingHTTPServer):
    """Serve one page at a port of its own, as another site would."""

    page = b""
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    server: _Site

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page if self.path == "/" else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def other_site() -> Iterator[_Site]:
    """Open another site."""
    site = _Site(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=site.serve_forever, args=(0.05,))
    thread.start()
    yield site
    site.shutdown()
    thread.join()
    site.server_close()


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "not named"])
def test_form_works_on_other_sites_that_are_named(
    serve_pages: Serve, open_page: Open, other_site: _Site, is_named: bool
) -> None:
    """The printed form leads from another site to a mail, unless that site is not named in the settings."""
    origin = f"http://127.0.0.1:{other_site.server_port}"
    named = f'  origins: ["{origin}"]\n' if is_named else ""
    served = serve_pages(f"{CHOICES}{named}")
    other_site.page = (
        '<!DOCTYPE html><html lang="en"><title>Blog</title><main><h1>Blog</h1>'
        f"{served.desk.pages.embedded()}</main></html>"
    ).encode()
    page = open_page(f"{origin}/")
    page.evaluate(AXE)
    assert page.evaluate("async () => (await axe.run()).violations") == []

    page.get_by_label("Your e-mail address").fill(ANN)
    page.get_by_role("button", name="Subscribe to The Lamp Letter").click()

    heading = "Look into your mailbox" if is_named else "Not from there"
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    person = served.person(ANN)
    if is_named:
        assert person
        assert person.consent.source == f"form at {origin}"
    else:
        assert person is None


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "not named"])
def test_script_of_another_site_may_ask_if_it_is_named(
    serve_pages: Serve, open_page: Open, other_site: _Site, is_named: bool
) -> None:
    """A browser lets a script send JSON and read the answer only from a site that is named."""
    origin = f"http://127.0.0.1:{other_site.server_port}"
    served = serve_pages(f'  origins: ["{origin}"]\n' if is_named else "")
    other_site.page = b'<!DOCTYPE html><html lang="en"><title>Blog</title></html>'
    page = open_page(f"{origin}/")
    call = """async address => {
        const asked = {method: "POST", headers: {"Content-Type": "application/json"},
                       body: JSON.stringify({email: "ann@example.org"})};
        try { return (await fetch(address, asked)).status; } catch { return "refused"; }
    }"""

    if is_named:
        assert page.evaluate(call, f"{served.address}subscribe") == 202
        assert served.mailbox.next()["To"] == ANN
    else:
        page.context.set_default_timeout(20_000)
        assert page.evaluate(call, f"{served.address}subscribe") == "refused"
        assert served.person(ANN) is None

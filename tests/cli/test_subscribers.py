"""`feedmaker subscribers`: the list kept by hand, taken over from files, written, counted, erased from."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import stat
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from feedmaker.app.people_files import LINE_LIMIT
from feedmaker.cli.subscriber_files import GONE, STATUSES
from feedmaker.cli.subscribers import CADENCES
from feedmaker.listing import WAKE
from feedmaker.store import GONE as STORED_GONE
from feedmaker.store import (
    Addressed,
    Cadence,
    Consent,
    Frozen,
    Lease,
    Settlement,
    Status,
    Store,
    Subscriber,
    open_store,
)
from feedmaker.tokens import Tokens
from tests.conftest import Cli
from tests.projects import ProjectFolder, Ran

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HEADER = "email,status,source,created_at\n"


class Site:
    """A project and its commands for subscribers."""

    def __init__(self, project: ProjectFolder, cli: Cli) -> None:
        self.root = project.root
        self._cli = cli

    def __call__(self, *words: str | Path) -> Ran:
        """Run a command."""
        return self._cli("-C", self.root, "subscribers", *words)

    def store(self) -> Store:
        """Open the state database."""
        return open_store(self.root / ".feedmaker" / "state.db")

    def people(self) -> list[Subscriber]:
        """Return everybody who is on record."""
        with self.store() as store:
            return list(store.subscribers())

    def statuses(self) -> dict[str, str]:
        """Return what everybody is, by the name in the address."""
        return {person.address.partition("@")[0]: person.status for person in self.people()}

    def token(self, name: str) -> str:
        """Return the token in the links of somebody's mail."""
        with self.store() as store:
            person = store.subscriber(f"{name}@example.org")
            assert person
            return Tokens(store.keys()).sign("reader", person.token)

    def send(self, *names: str) -> None:
        """Record an issue as sent to people."""
        with self.store() as store:
            issue = store.add_issue(
                store.free_slug(NOW.date()), Frozen("Stones", "", "", "", "", 1, [], [], {}), [], NOW
            )
            people = [person for person in store.subscribers() if person.address.partition("@")[0] in names]
            rows = [
                Addressed(one.id, one.address, one.token, f"{issue.id}-{one.id}", f"<{one.id}@a.example>")
                for one in people
            ]
            store.open_sending(issue.id, rows, NOW, NOW)
            claimed = store.claim_deliveries(issue.id, Lease("me", NOW, NOW), NOW, 99)
            for one in claimed:
                reply = f"250 {one.address} taken"
                store.settle_deliveries(issue.id, "me", [Settlement(one.id, 1, "sent", reply)], NOW)
            store.mark_issue(issue.id, "sent", NOW)


@pytest.fixture
def site(project: ProjectFolder, cli: Cli) -> Site:
    """Make a project with two subscribers."""
    made = Site(project, cli)
    assert made("add", "Ada@example.org", "bo@example.org").out == "2 subscribers added, 0 there already\n"
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a file outside of the project."""
    return tmp_path / "people.csv"


def test_commands_know_the_words_of_the_store() -> None:
    """Every status and cadence can be named."""
    assert set(STATUSES) == set(get_args(Status))
    assert set(GONE) == STORED_GONE
    assert set(CADENCES) == set(get_args(Cadence))


# By hand


def test_who_has_left_comes_back_on_purpose_only(site: Site) -> None:
    """Adding names who left, and when; with --again they are back, with nothing else changed."""
    site("remove", "bo@example.org")
    site("suppress", "cy@example.org")

    refused = site("add", "ada@example.org", "bo@example.org", "cy@example.org", "dan@example.org")
    said = site("add", "bo@example.org", "--again")

    today = f"{site.people()[1].status_at:%Y-%m-%d}"
    assert (refused.code, refused.out) == (1, "1 subscriber added, 1 there already\n")
    assert refused.err.splitlines() == [
        f"not added: bo@example.org unsubscribed on {today}; --again adds those who asked again",
        f"not added: cy@example.org was suppressed on {today}; --again adds those who asked again",
    ]
    assert (said.code, said.out) == (0, "0 subscribers added, 1 back, 0 there already\n")
    assert site.statuses() == {"ada": "active", "bo": "active", "cy": "suppressed", "dan": "active"}


def test_who_is_to_confirm_can_be_added_by_hand(site: Site) -> None:
    """The publisher says that they asked, which is what a stranger who is added has, too."""
    with site.store() as store:
        store.set_status(2, "pending", "signed up", NOW)

    assert site("add", "bo@example.org").out == "1 subscriber added, 0 there already\n"

    assert site.people()[1].reason == "added by hand"
    assert site.statuses()["bo"] == "active"


def test_nobody_is_added_with_a_bad_address(site: Site) -> None:
    """One that is none makes the command wrong as a whole."""
    bad = site("add", "cy@example.org", "not an address")

    assert bad.code == 2
    assert bad.err.startswith("feedmaker: 'not an address' is no address that mail can be sent to: ")
    assert set(site.statuses()) == {"ada", "bo"}


def test_removed_stay_on_record(site: Site) -> None:
    """Who leaves gets nothing more, and is told apart from who never came."""
    gone = site("remove", "ADA@example.org", "cy@example.org")
    again = site("remove", "ada@example.org")

    assert (gone.code, gone.out, gone.err) == (
        1,
        "1 subscriber removed\n",
        "not on the list: cy@example.org\n",
    )
    assert (again.code, again.out) == (1, "0 subscribers removed\n")
    assert site.people()[0].reason == "removed by hand"
    assert site("list").out == "bo@example.org\n"


def test_removed_by_token(site: Site) -> None:
    """The signed token of a link is enough; the word that it is signed for, or another purpose, is not."""
    with site.store() as store:
        word = store.subscriber_of(site.people()[1].token)
        assert word
        confirm = Tokens(store.keys()).sign("confirm", word.token)

    gone = site("remove", "--", site.token("ada"), word.token, confirm)

    assert (gone.code, gone.out) == (1, "1 subscriber removed\n")
    assert gone.err == f"not on the list: {word.token}, {confirm}\n"
    assert site.statuses() == {"ada": "unsubscribed", "bo": "active"}
    assert site("remove", "bo@example.org", "not@an@address").code == 2
    assert site.statuses()["bo"] == "active"


def test_removed_by_an_old_token(site: Site) -> None:
    """Links in mail of before there were keys are good until older keys are forgotten."""
    with closing(sqlite3.connect(site.root / ".feedmaker" / "state.db")) as other, other:
        other.executemany("INSERT INTO old_tokens VALUES (?, ?)", [("0ld", 1), ("0lder", 2)])

    assert site("remove", "0ld").code == 0
    site("rotate-keys", "--forget-old")
    assert site("remove", "0lder").err == "not on the list: 0lder\n"

    assert site.statuses() == {"ada": "unsubscribed", "bo": "active"}


def test_suppressed_whoever_they_are(site: Site) -> None:
    """Subscribers and strangers get no mail from then on."""
    assert site("suppress", "ada@example.org", "cy@example.org").out == "2 suppressed, 0 already\n"
    assert site("suppress", "cy@example.org").out == "0 suppressed, 1 already\n"
    assert site("suppress", "Cy@Example.org", "dan@example.org", "Dan@example.org").out == (
        "1 suppressed, 1 already\n"
    )

    assert site.statuses() == {
        "ada": "suppressed",
        "bo": "active",
        "cy": "suppressed",
        "dan": "suppressed",
    }


def test_list_has_those_who_get_issues(site: Site) -> None:
    """Others are listed by their status, and a list without anybody is one."""
    site("remove", "ada@example.org")
    site("suppress", "cy@example.org")

    assert site("list").out == "bo@example.org\n"
    assert site("list", "--status", "unsubscribed", "--status", "suppressed").out.split() == [
        "ada@example.org",
        "cy@example.org",
    ]
    assert json.loads(site("list", "--json").out) == ["bo@example.org"]
    assert json.loads(site("list", "--json", "--status", "bounced").out) == []
    assert site("list", "--status", "gone").code == 2


# One person


def test_all_that_is_known_is_shown(site: Site) -> None:
    """What a person agreed to, wishes for and got is there; the token of their links is not."""
    site.send("ada")
    site("set", "ada@example.org", "--cadence", "digest", "--topic", "tag:fog", "--language", "de")

    shown = site("show", "Ada@example.org").out
    data = json.loads(site("show", "ada@example.org", "--json").out)

    for words in (
        "active since",
        "added by hand",
        "the digest; on tag:fog; in de",
        "1 issue",
        "250 ada@example.org",
    ):
        assert words in shown
    assert (data["address"], data["status"], data["wishes"]["topics"]) == (
        "ada@example.org",
        "active",
        ["tag:fog"],
    )
    assert data["consent"] == {"source": "added by hand", "text": None}
    assert [(one["subject"], one["state"]) for one in data["deliveries"]] == [("Stones", "sent")]
    assert site.people()[0].token not in shown + json.dumps(data)


def test_stranger_has_nothing_to_show(site: Site) -> None:
    """The text says where to look."""
    done = site("show", "cy@example.org")

    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == "feedmaker: cy@example.org is not on the list; `feedmaker subscribers list` prints who is\n"
    )


def test_wishes_are_changed_one_by_one(site: Site) -> None:
    """What is not named stays; topics take the place of topics; a topic that no note has is told."""
    done = site(
        "set", "ada@example.org", "--topic", "Show: Keepers", "--topic", "tag:Night-Fog", "--language", "de"
    )
    assert (done.code, done.out) == (
        0,
        "ada@example.org: every issue; on show:Keepers, tag:Night-Fog; in de\n",
    )
    assert done.err.splitlines() == [
        f"no note is of {topic} so far; is it spelt as in the notes?"
        for topic in ("show:Keepers", "tag:Night-Fog")
    ]
    (site.root / "episodes").mkdir()
    (site.root / "episodes" / "fog.md").write_text(
        "---\nshow: Keepers\ntitle: Fog\ndate: 2019-05-04\ntags: [night fog]\n---\n\n## The gist\n\nFog.\n",
        "utf-8",
    )

    folded = site("set", "ada@example.org", "--topic", "show:keepers")
    topics = site("set", "ada@example.org", "--topic", "tag:Night-Fog", "--topic", "show:Keepers")
    digest = site("set", "ada@example.org", "--cadence", "digest")
    every = site("set", "ada@example.org", "--all-topics")

    assert folded.err == topics.err == ""
    assert digest.out == "ada@example.org: the digest; on tag:Night-Fog, show:Keepers; in de\n"
    assert every.out == "ada@example.org: the digest; on all topics; in de\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ada@example.org"], "say what to change: --cadence, --topic, --all-topics or --language"),
        (
            ["ada@example.org", "--topic", "tag:a", "--all-topics"],
            "--topic and --all-topics exclude each other",
        ),
        (["ada@example.org", "--topic", "fog"], "'fog' is no topic; write show:NAME or tag:NAME"),
        (
            ["ada@example.org", "--language", "English"],
            "'English' is no language tag such as en, de or pt-BR",
        ),
        (["cy@example.org", "--cadence", "each"], "cy@example.org is not on the list"),
    ],
)
def test_what_cannot_be_wished_is_wrong_usage(site: Site, words: list[str], said: str) -> None:
    """The text says what is wrong, and nothing changes."""
    before = site.people()

    done = site("set", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"feedmaker: {said}")
    assert site.people() == before


# From a file


def test_import_asks_for_confirmed_people(site: Site, file: Path) -> None:
    """Without --confirmed nobody is taken over, and the text says how others are asked."""
    file.write_text(HEADER + "cy@example.org,,,\n", "utf-8")

    done = site("import", file)

    assert (done.code, done.out) == (2, "")
    assert "say --confirmed" in done.err
    assert "confirmation mail by the sign-up form only" in done.err
    assert set(site.statuses()) == {"ada", "bo"}


def test_import_takes_over_whoever_wants_issues(site: Site, file: Path) -> None:
    """Newcomers are added, those who are there stay, those who left stay away, and all are counted."""
    site("remove", "bo@example.org")
    site("erase", "eve@example.org")
    file.write_text(
        HEADER + "cy@example.org,active,fair,2024-05-01\nCY@example.org,active,,\nada@example.org,,,\n"
        "bo@example.org,active,,\neve@example.org,,,\nfay@example.org,unsubscribed,,\n",
        "utf-8",
    )

    done = site("import", file, "--confirmed", "--source", "old list", "--consent", "Mail me.")

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "2 subscribers added; 1 known already; 1 more than once in the file; "
        "2 kept out, for they left here or were erased\n"
    )
    assert site.statuses() == {"ada": "active", "bo": "unsubscribed", "cy": "active", "fay": "unsubscribed"}
    cy, fay = site.people()[2:]
    assert (cy.consent.source, cy.consent.text, cy.added_at.year) == ("fair", "Mail me.", 2024)
    assert fay.consent.source == "old list"


def test_import_takes_off_who_left_elsewhere(site: Site, file: Path) -> None:
    """A file of those who left makes them leave here, whatever its own words are."""
    file.write_text("email,status\nada@example.org,enabled\ncy@example.org,enabled\n", "utf-8")

    done = site("import", file, "--confirmed", "--status", "unsubscribed")

    assert done.out == "1 subscriber added; 1 taken off the list, for they left elsewhere\n"
    assert site.statuses() == {"ada": "unsubscribed", "bo": "active", "cy": "unsubscribed"}
    assert site("import", file, "--confirmed", "--status", "active").code == 2


@pytest.mark.parametrize("more", [[], ["--status", "unsubscribed"]])
def test_who_was_imported_without_a_date_may_have_left_before(
    site: Site, file: Path, more: list[str]
) -> None:
    """The day of an import says nothing of when they agreed; what was added by hand is dated, and later."""
    file.write_text("email\ncy@example.org\n", "utf-8")
    site("import", file, "--confirmed")
    file.write_text(
        "Email Address,UNSUB_TIME\ncy@example.org,2025-03-01 10:00:00\nbo@example.org,2025-03-01\n", "utf-8"
    )

    left = site("import", file, "--confirmed", *more)
    site("add", "cy@example.org", "--again")
    again = site("import", file, "--confirmed", *more)

    assert left.out == "0 subscribers added; 1 known already; 1 taken off the list, for they left elsewhere\n"
    assert again.out == "0 subscribers added; 2 known already\n"
    assert site.statuses() == {"ada": "active", "bo": "active", "cy": "active"}


def test_who_left_within_a_file_is_off(site: Site, file: Path) -> None:
    """Whichever row comes first; one that says both leaves them off as well."""
    file.write_text(
        "email,status,UNSUB_TIME\ncy@example.org,subscribed,\ncy@example.org,unsubscribed,2025-03-01\n"
        "dan@example.org,unsubscribed,2025-03-01\ndan@example.org,subscribed,\n"
        "eve@example.org,subscribed,2025-03-01\n",
        "utf-8",
    )

    site("import", file, "--confirmed")

    assert {site.statuses()[name] for name in ("cy", "dan", "eve")} == {"unsubscribed"}


@pytest.mark.parametrize("status", ["suppressed", "complained"])
def test_import_keeps_off_for_good_who_has_left(site: Site, file: Path, status: str) -> None:
    """Who only unsubscribed could sign up again; who was suppressed or complained elsewhere cannot."""
    site("remove", "bo@example.org")
    file.write_text("email\nbo@example.org\n", "utf-8")

    done = site("import", file, "--confirmed", "--status", status)
    again = site("import", file, "--confirmed", "--status", status)

    assert done.out == "0 subscribers added; 1 had left, and are now kept off for good\n"
    assert again.out == "0 subscribers added; 1 known already\n"
    assert site.statuses()["bo"] == status


def test_topics_of_a_list_that_no_note_has_are_told(site: Site, file: Path) -> None:
    """Each once, with the one that may be meant, for people and machines; all are taken over as they are."""
    (site.root / "episodes").mkdir()
    (site.root / "episodes" / "fog.md").write_text(
        "---\nshow: Keepers\ntitle: Fog\ndate: 2019-05-04\ntags: [night fog]\n---\n\n## The gist\n\nFog.\n",
        "utf-8",
    )
    file.write_text(
        "email,topics\ncy@example.org,tag:Night-Fog; show:Keeper\ndan@example.org,show:Keeper; tag:xyz\n",
        "utf-8",
    )

    done = site("import", file, "--confirmed")
    again = site("import", file, "--confirmed", "--json")

    assert (done.code, done.out) == (0, "2 subscribers added\n")
    assert done.err.splitlines() == [
        'no note is of show:Keeper so far; did you mean "show:Keepers"?',
        "no note is of tag:xyz so far; is it spelt as in the notes?",
    ]
    assert (again.err, json.loads(again.out)["known"]) == (done.err, 2)
    assert [person.wishes.topics for person in site.people()[2:]] == [
        ("tag:Night-Fog", "show:Keeper"),
        ("show:Keeper", "tag:xyz"),
    ]


def test_unknown_topics_of_a_list_are_not_endless(site: Site, file: Path) -> None:
    """Twenty are told, and how many more there are."""
    topics = "; ".join(f"tag:t{number}" for number in range(30))
    file.write_text(f"email,topics\ncy@example.org,{topics}\n", "utf-8")

    told = site("import", file, "--confirmed").err.splitlines()

    assert (len(told), told[-1]) == (21, "… and 10 more")


def test_rejected_rows_are_told(site: Site, file: Path) -> None:
    """Each has its line and the reason, twenty of them are printed, and the others are taken over."""
    rows = ["cy@example.org,active", "dan@example.org,nobody knows", *(f"reader {n}," for n in range(25))]
    file.write_text("email,status\n" + "\n".join(rows), "utf-8")

    done = site("import", file, "--confirmed")

    told = done.err.splitlines()
    assert (done.code, done.out) == (1, "1 subscriber added; 26 rejected\n")
    assert told[0].startswith("people.csv:3: 'nobody knows' is no status; write ")
    assert told[19].startswith("people.csv:22: 'reader 18' is no address")
    assert told[20:] == ["… and 6 more; --rejects PATH writes all of them to a file"]


def test_rejected_rows_are_kept_and_can_be_mended(site: Site, file: Path, tmp_path: Path) -> None:
    """The file has them all, with line and reason, for its owner only; mended, it is imported itself."""
    rejects = tmp_path / "rejects.csv"
    file.write_bytes(b'email;name\ncy@example.org;"Ann; =x"\ncy(at)example.org;=1+1\nM\xfcller;\n')

    done = site("import", file, "--confirmed", "--rejects", rejects)

    assert done.code == 1
    assert done.err.splitlines()[-1] == f"all of them are in {rejects}"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    kept = rejects.read_bytes().splitlines()
    assert kept[0] == b"email,name,line,why"
    assert kept[1].startswith(b"cy(at)example.org,'=1+1,3,")
    assert kept[2].startswith(b"M\xfcller,,4,this is not UTF-8")
    rejects.write_bytes(b"\n".join(kept[:2]).replace(b"cy(at)", b"dan@"))
    assert site("import", rejects, "--confirmed").out == "1 subscriber added\n"


def test_import_tells_machines(site: Site, file: Path, tmp_path: Path) -> None:
    """With --json the counts, the first rejects, and the file of all of them are JSON."""
    rejects = tmp_path / "rejects.json"
    file.write_text('email,name\ncy@example.org,\nbad,"x"\nworse,y\n"', "utf-8")

    done = site("import", file, "--confirmed", "--json", "--rejects", rejects)

    told = json.loads(done.out)
    counts = {"added": 1, "known": 0, "repeated": 0, "left": 0, "barred": 0, "kept_out": 0, "rejected": 3}
    assert {key: told[key] for key in counts} == counts
    assert [one["line"] for one in told["rejects"]] == [3, 4, 5]
    kept = json.loads(rejects.read_bytes())
    assert [(one["line"], one["row"]) for one in kept] == [
        (3, {"email": "bad", "name": "x"}),
        (4, {"email": "worse", "name": "y"}),
        (5, {"email": '"', "name": ""}),
    ]
    file.write_text("email\n", "utf-8")
    assert site("import", file, "--confirmed", "--json", "--rejects", rejects).code == 0
    assert json.loads(rejects.read_bytes()) == []


def test_import_reads_standard_input(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hyphen stands for it, and it is the source where none is named."""
    given = io.TextIOWrapper(io.BytesIO(b"email\ncy@example.org\n"))
    monkeypatch.setattr(sys, "stdin", given)

    assert site("import", "-", "--confirmed").out == "1 subscriber added\n"
    assert not given.buffer.closed

    assert site.people()[2].consent.source == "imported from standard input"


def test_what_is_no_list_is_wrong_usage(site: Site, file: Path, tmp_path: Path) -> None:
    """A file that is not there, or has no addresses, is named with the way out, and no rejects are left."""
    rejects = tmp_path / "rejects.csv"
    missing = site("import", file, "--confirmed")
    file.write_text("name,phone\nAda,1\n", "utf-8")
    other = site("import", file, "--confirmed", "--rejects", rejects)

    assert (missing.code, other.code) == (2, 2)
    assert missing.err.endswith(
        "people.csv: No such file or directory; name a CSV file, or - for standard input\n"
    )
    assert "no column is called address or email in the first line, which has 'name', 'phone'" in other.err
    assert [path.name for path in tmp_path.glob("*rejects*")] == []


def test_list_is_not_replaced_by_its_rejects(site: Site, file: Path, tmp_path: Path) -> None:
    """Whoever names the list itself, or a folder, for what is rejected still has it, and imports nothing."""
    file.write_text("email\ncy@example.org\n", "utf-8")
    (tmp_path / "link.csv").symlink_to(file)

    for rejects, said in (
        (tmp_path / "link.csv", "link.csv is the list itself; name another file for what is rejected\n"),
        (tmp_path, f"{tmp_path.name} is no file; name another place\n"),
    ):
        done = site("import", file, "--confirmed", "--rejects", rejects)
        assert done.code == 2
        assert done.err.endswith(said)

    assert file.read_text("utf-8") == "email\ncy@example.org\n"
    assert set(site.statuses()) == {"ada", "bo"}


def test_line_without_end_is_not_read_whole(site: Site, file: Path) -> None:
    """What is no list takes no memory; what came before it is imported."""
    with file.open("wb") as big:
        big.write(b"email\ncy@example.org\n")
        big.truncate(3 * LINE_LIMIT)

    done = site("import", file, "--confirmed")

    assert done.code == 1
    assert done.err.startswith(
        "feedmaker: line 3 has more than 1,000,000 characters: this is no list of subscribers; "
        "the lines before it are imported"
    )
    assert set(site.statuses()) == {"ada", "bo", "cy"}


def test_all_before_a_line_without_end_are_imported(
    site: Site, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of the last batch there are, none or nearly all, and ticks wake up for them."""
    monkeypatch.setattr("feedmaker.app.people_files.BATCH", 3)
    for people in (3, 5):
        names = [f"p{people}-{number}" for number in range(people)]
        with file.open("wb") as big:
            big.write(b"email\n" + b"".join(f"{name}@example.org\n".encode() for name in names))
            big.truncate(3 * LINE_LIMIT)
        wake = site.root / WAKE
        wake.unlink(missing_ok=True)

        assert site("import", file, "--confirmed").code == 1

        assert set(names) <= set(site.statuses())
        assert wake.exists()


def test_stray_quotation_mark_loses_nobody(site: Site, file: Path, tmp_path: Path) -> None:
    """Its row alone is rejected, and is in the file of rejects as it came; mended, it is imported."""
    rejects = tmp_path / "rejects.csv"
    rows = [f"r{number}@example.org,n" for number in range(12_000)]
    rows[4] = 'r4@example.org,"n'
    file.write_text("email,name\n" + "\n".join(rows), "utf-8")

    done = site("import", file, "--confirmed", "--rejects", rejects)

    assert (done.code, done.out) == (1, "11,999 subscribers added; 1 rejected\n")
    assert done.err.startswith("people.csv:6: this is no CSV: ")
    assert "close each quotation mark, and write one that is text twice\n" in done.err
    header, row = csv.reader(rejects.read_text("utf-8").splitlines())
    assert (header, row[:3]) == (["email", "name", "line", "why"], [rows[4], "", "6"])


def test_cell_that_is_too_long_is_kept(site: Site, file: Path, tmp_path: Path) -> None:
    """A row with it is rejected as it came, and those after it are taken."""
    rejects = tmp_path / "rejects.json"
    long = f"cy@example.org,{'x' * 200_000}"
    file.write_text(f"email,name\n{long}\ndan@example.org,\n", "utf-8")

    done = site("import", file, "--confirmed", "--json", "--rejects", rejects)

    assert (done.code, json.loads(done.out)["added"]) == (1, 1)
    assert json.loads(rejects.read_bytes())[0]["row"] == {"email": long, "name": ""}


def test_quotation_mark_before_a_line_without_end(site: Site, file: Path) -> None:
    """Lines between the two are imported, as the text says."""
    with file.open("wb") as big:
        big.write(b'email,name\ncy@example.org,"n\ndan@example.org,n\n')
        big.truncate(3 * LINE_LIMIT)

    done = site("import", file, "--confirmed")

    assert (done.code, "line 4 has more than" in done.err) == (1, True)
    assert set(site.statuses()) == {"ada", "bo", "dan"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_files_of_spreadsheets_are_read(site: Site, file: Path, encoding: str, end: str) -> None:
    """Whatever they are written in, and whatever ends a line."""
    text = end.join(["sep=;", "email;consent", f'cy@example.org;"Größe:{end}ja"', "dän@example.org;ja", ""])
    file.write_bytes(text.encode(encoding))

    done = site("import", file, "--confirmed")

    assert (done.code, done.out) == (0, "2 subscribers added\n")
    cy, dan = site.people()[2:]
    assert (cy.consent.text, dan.address) == (f"Größe:{end}ja", "dän@example.org")


def test_what_is_no_utf_16_is_no_address(site: Site, file: Path) -> None:
    """Half a letter is rejected with its row."""
    file.write_bytes("email\ncy@example.org\nda".encode("utf-16") + b"x")

    done = site("import", file, "--confirmed")

    assert (done.code, done.out) == (1, "1 subscriber added; 1 rejected\n")


# To a file


def test_export_moves_to_another_project(site: Site, file: Path, cli: Cli, tmp_path: Path) -> None:
    """Everything comes along but the keys of links, into a file that is its owner's alone."""
    site("remove", "bo@example.org")
    site("set", "ada@example.org", "--topic", "show:A; B", "--cadence", "digest", "--language", "de")
    site("add", "=cmd@example.org")
    other = ProjectFolder(tmp_path / "other")
    other.schedule()
    there = Site(other, cli)

    written = site("export", file)
    taken = there("import", file, "--confirmed")

    assert written.out == f"3 subscribers written to {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "'=cmd@example.org" in file.read_text("utf-8")
    assert taken.out == "3 subscribers added\n"
    assert site("export").out == there("export").out == file.read_bytes().decode()
    ours, theirs = ({person.token for person in one.people()} for one in (site, there))
    assert not ours & theirs


def test_export_has_a_status_only(site: Site) -> None:
    """The first line is always there."""
    site("remove", "bo@example.org")

    assert (
        site("export", "--status", "unsubscribed")
        .out.splitlines()[1]
        .startswith("bo@example.org,unsubscribed,")
    )
    assert len(site("export", "--status", "bounced").out.splitlines()) == 1


def test_failing_export_leaves_the_old_file(site: Site, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there whole or not at all, and nothing else is left beside it."""
    file.write_text("old", "utf-8")
    monkeypatch.setattr("feedmaker.app.people_files.cells_of", lambda _: 1 // 0)

    done = site("export", file)

    assert done.code == 1
    assert file.read_text("utf-8") == "old"
    assert [path.name for path in file.parent.glob("*people*")] == ["people.csv"]


def test_export_replaces_files_only(site: Site, tmp_path: Path) -> None:
    """A folder is not written over, and one that is not there is named."""
    folder = site("export", tmp_path)
    nowhere = site("export", tmp_path / "nowhere" / "people.csv")

    assert (folder.code, folder.err) == (2, f"feedmaker: {tmp_path} is no file; name another place\n")
    assert nowhere.code == 1
    assert "nowhere/people.csv: No such file or directory" in nowhere.err


# Erasing


def test_erased_are_nowhere(site: Site) -> None:
    """State database and outbox hold nothing of them; what is out of reach is named."""
    site.send("ada", "bo")
    for issue in ("2026-11-23", "2026-11-23-test"):
        for name in ("ada", "bo"):
            message = site.root / "outbox" / issue / f"{name}@example.org.eml"
            message.parent.mkdir(parents=True, exist_ok=True)
            message.write_bytes(b"To: ada@example.org")

    done = site("erase", "ADA@example.org", "cy@example.org")

    assert (done.code, done.err) == (1, "not on the list: cy@example.org; no import brings them in\n")
    assert done.out == (
        "1 subscriber erased, and 2 messages in the outbox\n"
        "not reached: backups and exports that you made, logs of mail servers\n"
    )
    assert site.statuses() == {"bo": "active"}
    assert {path.name for path in (site.root / "outbox").rglob("*.eml")} == {"bo@example.org.eml"}
    held = b"".join(path.read_bytes() for path in (site.root / ".feedmaker").iterdir() if path.is_file())
    assert b"bo@example.org" in held
    assert b"ada@example.org" not in held


def test_erasing_says_what_others_keep_open(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program reads the database as it was, the address is still beside it."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(site.root / ".feedmaker" / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM subscribers").fetchall()
        done = site("erase", "ada@example.org")

    assert (done.code, done.err) == (
        0,
        "addresses stay in a file beside the state database until other programs that read it are done\n",
    )
    assert site("erase", "ada@example.org").err.startswith("not on the list")


def test_columns_of_one_meaning_import_nobody(site: Site, file: Path) -> None:
    """It is an error of use that names both."""
    file.write_text("email,Email Address\ncy@example.org,dan@example.org\n", "utf-8")

    done = site("import", file, "--confirmed")

    assert done.code == 2
    assert "the columns 'email' and 'Email Address' mean the same" in done.err
    assert site.statuses().keys() == {"ada", "bo"}


def test_erased_can_ask_again(site: Site) -> None:
    """They are like strangers to a publisher who adds them."""
    site("erase", "ada@example.org")

    assert site("add", "ada@example.org").out == "1 subscriber added, 0 there already\n"


def test_messages_are_erased_where_the_outbox_is(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The outbox may stand elsewhere, by environment or settings."""
    message = tmp_path / "spool" / "2026-11-23" / "ada@example.org.eml"
    message.parent.mkdir(parents=True)
    message.write_bytes(b"")
    monkeypatch.setenv("FEEDMAKER_TRANSPORT", f"outbox:{tmp_path / 'spool'}")

    assert "1 message in the outbox" in site("erase", "ada@example.org").out

    assert not message.exists()


# Figures and keys


def test_figures_are_told_and_drawn(site: Site) -> None:
    """People see counts and a bar for each month; machines get all of it."""
    site.send("ada", "bo")
    site("remove", "bo@example.org")
    site("erase", "eve@example.org")

    told = site("stats").out
    data = json.loads(site("stats", "--json").out)

    lines = told.splitlines()
    assert lines[:3] == ["1 active subscriber", "others     unsubscribed 1, erased 1", "cadence    each 1"]
    assert "domains    example.org 1" in lines
    assert lines[-4].endswith("         2         1  ++-")
    assert lines[-1].split() == ["2026-11-23", "2", "0", "0", "0", "0", "0"]
    assert (data["statuses"], data["erased"]) == ({"active": 1, "unsubscribed": 1}, 1)
    assert [len(data[key]) for key in ("months", "issues")] == [12, 1]
    assert [(one["joined"], one["left"]) for one in data["months"][-2:]] == [(0, 0), (2, 1)]
    assert data["issues"][0]["counts"]["sent"] == 2


def test_empty_list_has_figures(project: ProjectFolder, cli: Cli) -> None:
    """Nobody is counted without an error."""
    told = cli("-C", project.root, "subscribers", "stats").out.splitlines()

    assert told[0] == "0 active subscribers"
    assert len(told) == 3 + 12


def test_large_lists_fit_on_a_screen(site: Site, file: Path) -> None:
    """Bars are in proportion, and whoever is there shows."""
    file.write_text("email\n" + "".join(f"reader-{n}@example.org\n" for n in range(500)), "utf-8")
    site("import", file, "--confirmed")
    site("remove", "ada@example.org")

    last = site("stats").out.splitlines()[-1]

    assert last.split()[1:3] == ["502", "1"]
    assert 30 < last.count("+") <= 40
    assert last.endswith("+-")


def test_confirmations_are_told(site: Site) -> None:
    """Of those who were asked by the form, the share is told."""
    with site.store() as store:
        store.set_status(2, "pending", "signed up", NOW)
    rows = "cy@example.org,active,2026-11-01,2026-11-01\ndan@example.org,pending,2026-11-01,\n"
    (site.root / "asked.csv").write_text("email,status,asked_at,confirmed_at\n" + rows, "utf-8")
    site("import", site.root / "asked.csv", "--confirmed")

    assert "confirmed  50 % of 2 who were asked to\n" in site("stats").out


def test_mails_that_are_owed_are_told(site: Site) -> None:
    """The confirmation mails that wait to be sent are counted."""
    with site.store() as store:
        store.ask_subscriber("cy@example.org", Consent("form"), NOW)

    assert "confirmed  0 % of 1 who were asked to; 1 mail still to be sent\n" in site("stats").out
    assert json.loads(site("stats", "--json").out)["owed"] == 1


def test_links_outlive_a_new_key_and_not_its_being_the_only_one(site: Site) -> None:
    """Rotating keeps old links good; forgetting ends those, and keeps the newer ones."""
    old = site.token("ada")
    said = site("rotate-keys")
    new = site.token("bo")

    assert said.out == "links are signed with a new key from now on; those in older mail stay good\n"
    assert old != site.token("ada")
    assert site("remove", "--", old).code == 0
    site("add", "ada@example.org", "--again")
    assert site("rotate-keys", "--forget-old").out == (
        "1 key forgotten; links that they signed are good no more\n"
    )
    assert site("remove", "--", old).code == 1
    assert site("remove", "--", new).code == 0


def test_status_counts_subscribers(site: Site, cli: Cli) -> None:
    """Those who get issues are told apart from the others."""
    assert "; 2 subscribers\n" in cli("-C", site.root, "status").out
    site("suppress", "cy@example.org", "bo@example.org")

    assert "; 1 subscriber (2 suppressed)\n" in cli("-C", site.root, "status").out
    data = json.loads(cli("-C", site.root, "status", "--json").out)
    assert (data["subscribers"], data["others"]) == (1, {"suppressed": 2})


@pytest.mark.parametrize("words", [["import", "--confirmed"], ["export"]])
def test_people_see_a_bar(site: Site, file: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Long work shows how far it is on a terminal, and only there."""
    file.write_text("email\n" + "".join(f"reader-{n}@example.org\n" for n in range(2500)), "utf-8")
    quiet = site("import", file, "--confirmed")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")

    shown = site(*words, file)

    assert quiet.err == ""
    assert f"{words[0]}ing" in shown.err

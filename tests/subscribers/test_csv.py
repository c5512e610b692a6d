"""CSV of subscribers: ours comes back without loss, that of others is understood, and nothing runs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.errors import UsageError
from feedmaker.store import Cadence, Consent, Person, Status, Wishes
from feedmaker.subscriber_csv import COLUMNS, Columns, Defaults, Row, Table, cells_of, written
from feedmaker.wishes import parse_language, parse_topic

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DEFAULTS = Defaults("old list", NOW, "Yes, mail me.")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def lines(text: str) -> list[str]:
    """Cut a text into lines as they stand in a file, with their ends."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [text.rsplit("\n", maxsplit=1)[-1]]


def read(text: str, defaults: Defaults = DEFAULTS) -> list[Person]:
    """Read all people of a text, which must be without fault."""
    table = Table(lines(text))
    columns = Columns(table.columns, defaults)
    return [columns.person(row) for row in table.rows()]


def read_one(header: str, row: str, defaults: Defaults = DEFAULTS) -> Person:
    """Read the only person of a file."""
    (person,) = read(f"{header}\n{row}\n", defaults)
    return person


def refusal(header: str, row: str) -> str:
    """Return why the only row of a file is rejected."""
    with pytest.raises(UsageError) as raised:
        read_one(header, row)
    return str(raised.value)


# Ours

texts = st.text(st.characters(codec="utf-8"), min_size=1)
moments = st.integers(0, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
names = texts.map(str.strip).filter(bool)
topics = st.builds(lambda kind, name: f"{kind}:{name}", st.sampled_from(["show", "tag"]), names)
people = st.builds(
    Person,
    address=st.sampled_from(["ann", "+ann", "=ann", "'=ann", "''", "жан"]).map("{}@example.org".format),
    status=st.sampled_from(get_args(Status)),
    status_at=moments,
    reason=texts,
    consent=st.builds(Consent, source=texts, text=texts | st.none()),
    added_at=moments,
    asked_at=moments | st.none(),
    confirmed_at=moments | st.none(),
    wishes=st.builds(
        Wishes,
        cadence=st.sampled_from(get_args(Cadence)),
        topics=st.lists(topics, unique=True).map(tuple),
        language=st.sampled_from([None, "en", "pt-BR"]),
    ),
)


@settings(max_examples=60)
@given(st.lists(people, min_size=1, max_size=5))
def test_ours_comes_back_without_loss(everybody: list[Person]) -> None:
    """Whatever people agreed to and wish for, what is written is read as the same people."""
    text = "".join(written([COLUMNS, *map(cells_of, everybody)]))

    assert read(text, Defaults("another", NOW + timedelta(days=1))) == everybody


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2).filter(any)))
def test_any_text_in_any_cell_comes_back(rows: list[list[str]]) -> None:
    """Quotation marks, line ends, delimiters, formulas and apostrophes are what they were."""
    table = Table(lines("".join(written([["email", "x"], *rows]))))

    assert [list(row.cells) for row in table.rows()] == rows


@given(st.lists(texts | st.sampled_from(FORMULA).flatmap(lambda sign: st.just(f"{sign}1+1")), min_size=1))
def test_no_cell_runs_in_a_spreadsheet(row: list[str]) -> None:
    """Nothing that is written begins like a formula."""
    (cells,) = csv.reader(StringIO("".join(written([row])), newline=""))

    assert not any(cell.startswith(FORMULA) for cell in cells)


def test_ours_looks_as_it_is_documented() -> None:
    """There is a line for each person, with CRLF, times in UTC, topics with semicolons between them."""
    wishes = Wishes("digest", ("show:Keepers", "tag:a;b"), "de")
    ann = Person(
        "ann@example.org", "active", NOW, "confirmed", Consent("form", "Yes, please."), NOW, wishes=wishes
    )

    header, row = written([COLUMNS, cells_of(ann)])

    assert header.count(",") == 11
    assert header.startswith("address,status,status_at,reason,source,consent,")
    assert row == (
        'ann@example.org,active,2026-11-23T08:00:00Z,confirmed,form,"Yes, please.",2026-11-23T08:00:00Z,,,'
        'digest,"show:Keepers;""tag:a;b""",de\r\n'
    )


# That of others


def moment(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """Return a time in May 2024."""
    return datetime(2024, 5, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "row", "status", "added_at", "status_at"),
    [
        pytest.param(
            "uuid,email,name,attributes,status,created_at,updated_at",
            '7d1c,a@b.example,Ann,"{""city"": ""Ulm""}",enabled,2024-05-01 10:00:00.123456 +0000 UTC,x',
            *("active", moment(1, 10), moment(1, 10)),
            id="listmonk",
        ),
        pytest.param(
            "uuid,email,name,attributes,status,created_at,updated_at",
            "7d1c,a@b.example,Ann,{},blocklisted,2024-05-01 10:00:00.1 +0200 CEST,x",
            *("suppressed", moment(1, 8), NOW),
            id="listmonk, blocklisted",
        ),
        pytest.param(
            "Email Address,First Name,Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LEID",
            'a@b.example,Ann,"1 Pier Road  Ulm",2,2024-05-01 10:00:00,,2024-05-02 11:12:13,7',
            *("active", moment(1, 10), moment(2, 11, 12, 13)),
            id="Mailchimp, subscribed",
        ),
        pytest.param(
            "Email Address,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_ID,UNSUB_REASON",
            "a@b.example,,2024-05-02 11:12:13,2024-05-03 10:00:00,7,Too many mails",
            *("unsubscribed", moment(2, 11, 12, 13), moment(3, 10)),
            id="Mailchimp, unsubscribed",
        ),
        pytest.param(
            "Email Address,OPTIN_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE",
            "a@b.example,2024-05-01 10:00:00,2024-05-03 10:00:00,May",
            *("bounced", moment(1, 10), moment(3, 10)),
            id="Mailchimp, cleaned",
        ),
        pytest.param(
            "email_address,type,creation_date,unsubscription_date",
            "a@b.example,regular,2024-05-01T10:00:00.5Z,2024-04-01T10:00:00Z",
            *("active", moment(1, 10), moment(1, 10)),
            id="Buttondown, who came back",
        ),
        pytest.param(
            "email,subscriber_type,creation_date",
            "a@b.example,unactivated,2024-05-01",
            *("pending", moment(1), moment(1)),
            id="Buttondown, not confirmed",
        ),
        pytest.param(
            "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels",
            "7,a@b.example,Ann,,true,false,,2024-05-01T10:00:00.000Z,,",
            *("active", moment(1, 10), moment(1, 10)),
            id="Ghost",
        ),
        pytest.param(
            "id,email,name,note,subscribed_to_emails,created_at,deleted_at",
            "7,a@b.example,Ann,,false,2024-05-01T10:00:00.000Z,",
            *("unsubscribed", moment(1, 10), NOW),
            id="Ghost, no mail wanted",
        ),
        pytest.param(
            "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
            "a@b.example,false,,other,false,2024-05-01T10:00:00.000Z,",
            *("active", moment(1, 10), moment(1, 10)),
            id="Substack",
        ),
        pytest.param(
            "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
            "a@b.example,true,,other,true,2024-05-01T10:00:00.000Z,",
            *("unsubscribed", moment(1, 10), NOW),
            id="Substack, no mail wanted",
        ),
    ],
)
def test_exports_of_others_are_understood(
    header: str, row: str, status: Status, added_at: datetime, status_at: datetime
) -> None:
    """Address, status and times are found under their names; who does not want mail gets none."""
    person = read_one(header, row)

    assert (person.address, person.status) == ("a@b.example", status)
    assert (person.added_at, person.status_at) == (added_at, status_at)


def test_what_a_file_does_not_say_is_said_by_defaults() -> None:
    """One column is enough; consent, source and time are those of the import."""
    assert read("email\nAda@Example.org\n") == [
        Person("ada@example.org", "active", NOW, "old list", Consent("old list", "Yes, mail me."), NOW)
    ]
    person = read_one("email,source,consent,reason", "ada@example.org,fair, I do. ,by hand")
    assert (person.consent, person.reason) == (Consent("fair", " I do. "), "by hand")


def test_everybody_in_a_file_can_have_left() -> None:
    """A status that holds for all wins over what the file says; the time when they left is kept."""
    gone = Defaults("old list", NOW, None, "unsubscribed")

    assert read_one("email,status", "a@b.example,enabled", gone).status_at == NOW
    person = read_one("email,status,unsubscribed_at", "a@b.example,enabled,2024-05-03", gone)
    assert (person.status, person.status_at) == ("unsubscribed", moment(3))


@pytest.mark.parametrize(
    ("header", "row", "status", "status_at"),
    [
        ("email,status,unsub_time", "a@b.example,subscribed,2024-05-03", "unsubscribed", moment(3)),
        ("email,status,unsub_time", "a@b.example,pending,2024-05-03", "unsubscribed", moment(3)),
        ("email,status,clean_time", "a@b.example,subscribed,2024-05-03", "bounced", moment(3)),
        (
            "email,status,unsub_time,clean_time",
            "a@b.example,subscribed,2024-05-03,2024-05-04",
            *("bounced", moment(4)),
        ),
        (
            "email,status,unsub_time,confirm_time",
            "a@b.example,subscribed,2024-05-03,2024-05-02",
            *("unsubscribed", moment(3)),
        ),
        (
            "email,status,unsub_time,confirm_time",
            "a@b.example,subscribed,2024-05-03,2024-05-04",
            *("active", moment(4)),
        ),
        ("email,unsub_time,confirm_time", "a@b.example,2024-05-03,2024-05-04", "unsubscribed", moment(3)),
    ],
)
def test_who_is_told_to_have_left_is_off(header: str, row: str, status: str, status_at: datetime) -> None:
    """In doubt they get no mail: only a status and a later date say together that they came back."""
    person = read_one(header, row)

    assert (person.status, person.status_at) == (status, status_at)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("active subscribed Enabled REGULAR past_due", "active"),
        ("pending unconfirmed", "pending"),
        ("unsubscribed inactive removed", "unsubscribed"),
        ("bounced cleaned undeliverable", "bounced"),
        ("complained", "complained"),
        ("suppressed blocklisted spammy", "suppressed"),
    ],
)
def test_words_for_a_status_are_understood(words: str, status: str) -> None:
    """Providers call the same things by many names."""
    assert {read_one("email,status", f"a@b.example,{word}").status for word in words.split()} == {status}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_form_of_a_file_is_found_out(delimiter: str, end: str, mark: str) -> None:
    """Delimiters, line ends and a byte order mark are those of spreadsheets everywhere."""
    rows = (["Name", "E-Mail", "Status"], ['"Lee, Ann; jr."', "a@b.example", "active"], ["", "", ""])
    text = mark + end.join(delimiter.join(row) for row in rows)

    assert [person.address for person in read(text)] == ["a@b.example"]


@pytest.mark.parametrize("header", ["email;address", "email,address", '"email"\t"address"'])
def test_delimiter_is_the_one_that_parts_most(header: str) -> None:
    """A name with another delimiter in it is not taken for one name."""
    assert len(Table([header]).columns) == 2


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2024-05-01", moment(1)),
        ("2024-05-01T10:30", moment(1, 10, 30)),
        ("2024-05-01 10:30:15 UTC", moment(1, 10, 30, 15)),
        ("2024-05-01T10:30:15.999Z", moment(1, 10, 30, 15)),
        ("2024-05-01 10:30:15 +05:30", moment(1, 5, 0, 15)),
    ],
)
def test_times_are_understood(cell: str, found: datetime) -> None:
    """They are read to the second, in UTC where they name no zone."""
    assert read_one("email,created_at", f"a@b.example,{cell}").added_at == found


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("email", "ada", "'ada' is no address that mail can be sent to: "),
        ("name,email", "Ada", "'' is no address that mail can be sent to: "),
        (
            "email,status",
            "a@b.example,nonsubscribed",
            "'nonsubscribed' is no status; write pending, active, uns",
        ),
        ("email,created_at", "a@b.example,05/03/2024", "'05/03/2024' is no time; write it as 2026-11-23 or "),
        ("email,created_at", "a@b.example,2024-02-30", "'2024-02-30' is no time"),
        (
            "email,created_at",
            "a@b.example,9999-12-31 23:59:59 -23:00",
            "'9999-12-31 23:59:59 -23:00' is no time",
        ),
        ("email,cadence", "a@b.example,daily", "'daily' is no cadence; write each or digest"),
        ("email,language", "a@b.example,English!", "'English!' is no language tag such as en, de or pt-BR"),
        ("email,topics", "a@b.example,fog", "'fog' is no topic; write show:NAME or tag:NAME"),
        (
            "email,topics",
            'a@b.example,"""show:A"',
            "'\"show:A' is no list of topics; write show:NAME; tag:NAME",
        ),
        ("email,name", "a@b.example,Lee,Ann", "there are 3 cells, but 2 columns; put quotation marks around"),
        ("email,name", "a@b.example,M\udcfcller", "this is not UTF-8; save the file as UTF-8"),
        ("email,name", 'a@b.example,"Lee', "this is no CSV: unexpected end of data"),
        ("email,name", 'a@b.example,"Lee" x', "this is no CSV: "),
        ("email", "x" * 9999, f"'{'x' * 100}…' is no address"),
    ],
)
def test_row_that_cannot_be_taken_says_why(header: str, row: str, said: str) -> None:
    """The reason is one line, names the cell, and says what to write instead."""
    found = refusal(header, row)

    assert found.startswith(said)
    assert "\n" not in found
    assert len(found) < 300


def test_row_with_too_many_cells_is_kept_whole() -> None:
    """No cell is lost, whatever file it is written to."""
    (row,) = Table(lines('email,name\n"a@b.example",Lee,Ann\n')).rows()

    assert row.cells == ['"a@b.example",Lee,Ann']


def test_rows_know_their_lines_and_go_on_after_a_fault() -> None:
    """A row that is no CSV does not take those after it along, and empty ones count as lines."""
    table = Table(
        lines('email,x\na@b.example,1\n\nb@b.example,"a\nb"\nc@b.example,"2" 3\n,\nd@b.example,4\n')
    )

    assert [(row.line, row.cells[:1], bool(row.fault)) for row in table.rows()] == [
        (2, ["a@b.example"], False),
        (4, ["b@b.example"], False),
        (6, ['c@b.example,"2" 3'], True),
        (8, ["d@b.example"], False),
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param(
            'a@b.example,"x\nb@b.example,\nc@b.example,"y, z"\nd@b.example,"1\n2"\n',
            [
                (2, ['a@b.example,"x'], True),
                (3, ["b@b.example", ""], False),
                (4, ["c@b.example", "y, z"], False),
                (5, ["d@b.example", "1\n2"], False),
            ],
            id="ended by another one",
        ),
        pytest.param(
            'a@b.example,"x\r\nb@b.example,"y\r\nc@b.example,\r\n',
            [
                (2, ['a@b.example,"x'], True),
                (3, ['b@b.example,"y'], True),
                (4, ["c@b.example", ""], False),
            ],
            id="in each row",
        ),
        pytest.param(
            'a@b.example,"x\nb@b.example,y\nc@b.example,5"\nd@b.example,\n',
            [
                (2, ['a@b.example,"x\nb@b.example,y\nc@b.example,5"'], True),
                (5, ["d@b.example", ""], False),
            ],
            id="closed by a later row",
        ),
        pytest.param(
            'a@b.example,"write to\nb@b.example, please"\n',
            [(2, ['a@b.example,"write to\nb@b.example, please"'], True)],
            id="perhaps a text",
        ),
        pytest.param(
            'a@b.example,"write to b@b.example\n, please"\n',
            [(2, ["a@b.example", "write to b@b.example\n, please"], False)],
            id="certainly a text",
        ),
    ],
)
def test_stray_quotation_mark_takes_no_row_along(text: str, rows: list[tuple[int, list[str], bool]]) -> None:
    """What it spoils is rejected as it came, and what only may be a row is neither lost nor imported."""
    found = Table(lines("email,x\n" + text)).rows()

    assert [(row.line, list(row.cells), bool(row.fault)) for row in found] == rows


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n", "sep=\t\n"])
def test_line_that_names_the_delimiter_is_no_header(line: str) -> None:
    """Excel writes one; it counts as a line, and the names of the columns come next."""
    table = Table([line, "email;name\n", "a@b.example;Ann\n"])

    assert table.columns == ["email", "name"]
    assert list(table.rows()) == [Row(3, ["a@b.example", "Ann"])]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "nothing"),
        ("\n", "nothing"),
        ("Name;Phone\nAda;1\n", "'Name', 'Phone'"),
        ("ada@example.org\nbo@example.org\n", "'ada@example.org'"),
        ('"', "nothing"),
    ],
)
def test_file_without_addresses_is_refused(text: str, named: str) -> None:
    """The text says which column is missing, and what the first line has instead."""
    with pytest.raises(UsageError) as raised:
        Table(lines(text))

    said = str(raised.value)
    assert said.startswith(
        f"no column is called address or email in the first line, which has {named}; it must"
    )


@pytest.mark.parametrize(
    "header",
    [
        "email,Email Address",
        "email,status,Type",
        "email,E-Mail,email",
        "email,created_at,OPTIN_TIME",
        "address,Address",
    ],
)
def test_columns_that_mean_the_same_are_refused(header: str) -> None:
    """Nobody knows which one holds; the text names them."""
    with pytest.raises(UsageError, match=r"^the columns '.*' and '.*' mean the same; keep one") as raised:
        Columns(header.split(","), DEFAULTS)

    assert repr(header.rsplit(",", maxsplit=1)[-1]) in str(raised.value)


@given(st.lists(st.text()))
def test_nothing_in_a_file_breaks_its_reading(rest: Sequence[str]) -> None:
    """Whatever the lines hold, each row is a person or is rejected, and its line is told."""
    table = Table(lines("\n".join(["email,status,topics,created_at", *rest])))
    columns = Columns(table.columns, DEFAULTS)
    before = 1
    for row in table.rows():
        assert row.line > before
        before = row.line
        with suppress(UsageError):
            assert "@" in columns.person(row).address


# Wishes


@pytest.mark.parametrize(
    ("written_as", "topic"),
    [("show:Keepers", "show:Keepers"), (" Show : Keepers ", "show:Keepers"), ("TAG:a:b", "tag:a:b")],
)
def test_topics_have_one_form(written_as: str, topic: str) -> None:
    """White space around the parts and capitals of the kind make no difference; the name stays as it is."""
    assert parse_topic(written_as) == topic == parse_topic(topic)


@pytest.mark.parametrize("written_as", ["", "Keepers", "show:", "guest:Ada", ":x"])
def test_what_is_no_topic_is_refused(written_as: str) -> None:
    """The text says how one is written."""
    with pytest.raises(UsageError, match="is no topic; write show:NAME or tag:NAME"):
        parse_topic(written_as)


def test_languages_have_one_form() -> None:
    """An underscore is what some programs write for the hyphen."""
    assert parse_language(" pt_BR ") == "pt-BR"
    with pytest.raises(UsageError, match="'English' is no language tag"):
        parse_language("English")


def test_row_of_another_zone_is_written_in_utc() -> None:
    """Times of any zone are written as the moments that they are."""
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    person = Person("a@b.example", "active", there, "x", Consent("x"), there)

    assert cells_of(person)[2] == "2026-11-23T08:00:00Z"
    assert Row(2, cells_of(person)).fault == ""

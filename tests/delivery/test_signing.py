"""DKIM signatures: verified by dkimpy, which shares no code and no arithmetic with what signs."""

from __future__ import annotations

import base64
import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.app.drafting import draft
from feedmaker.app.project import Project
from feedmaker.app.sending import send_test
from feedmaker.config import Delivery
from feedmaker.delivery.signing import Key, Kind, Signer, new_key, read_key, signer, variable
from feedmaker.errors import UsageError
from feedmaker.newsletter.message import Letter, plain_message
from tests.newsletter import samples
from tests.newsletter.test_smtp import Mailbox, mail_server
from tests.projects import FIRST, ProjectFolder

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SENDER = "letter@notes.example.org"
KINDS: tuple[Kind, ...] = ("rsa", "ed25519")
# The key of RFC 8463, appendix A.2, and one that is too short for anybody.
SEED = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
SHORT = """\
-----BEGIN RSA PRIVATE KEY-----
MIIBPAIBAAJBALpecG4xuT/kbuZlxBHOMasYR+UBU95hZFnhY50BvRX+7XQEROk4
/NVHKX18aLMDoI2KWfp5ezGsq89+7CVfhiUCAwEAAQJBAIifqvRdZ1y7bcFhYTdc
XXT8O9hZ/M3Nv+9UF96F48Q2+hBi/GQ6L88BcLscwN9HfLKhONY3NSDmFDCUx4OQ
EQECIQDiPY1I0E3N8SUn53lKwRV2oxQRrIatfGtQ27ZSRdMU8QIhANLiP5YHnpTJ
Omlx9m9y5e/NnT803KQEhoi4Wwa+BjR1AiEAsPcSj5UYdvGcbbU7BAU6Q71WEmkQ
Q52h1/K0j3A8pxECIQCxrsXqsGLSdDZOMCJ2xvWsNq+eWPjrDZEZU1QG+0cZHQIg
EIsH9ZZgEaGxLDa78wT4y0vb0H5DRS2g6IRq+lmvXNA=
-----END RSA PRIVATE KEY-----
"""
COVERED = (
    *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"),
)
SEALED = (
    *("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post"),
)


@cache
def key(kind: Kind) -> Key:
    """Make one key of each kind; a key of RSA takes its time."""
    return new_key(kind)


def made(*kinds: Kind, domain: str | None = None) -> Signer:
    """Make what signs with keys of these kinds, whose selectors are called after them."""
    settings = Delivery.model_validate({"dkim": [{"selector": kind, "domain": domain} for kind in kinds]})
    return signer(settings, SENDER, {variable(kind): key(kind).pem for kind in kinds})


def look_up(name: bytes, timeout: int = 5) -> bytes:
    """Stand for the DNS that publishes the keys."""
    kind: Kind = "rsa" if name.startswith(b"rsa.") else "ed25519"
    assert name in [f"{kind}._domainkey.{host}.example.org.".encode() for host in ("notes", "lamp")]
    return f"v=DKIM1; k={kind}; p={key(kind).public}".encode()


def verifies(message: bytes, number: int = 0) -> bool:
    """Verify one of the signatures of a message."""
    try:
        return bool(dkim.DKIM(message).verify(number, dnsfunc=look_up))
    except dkim.DKIMException:
        return False


@cache
def letter(unsubscribe: str = "https://notes.example.org/leave") -> bytes:
    """Write a message as the newsletter does."""
    config = samples.config(unsubscribe=unsubscribe)
    html, text = samples.parts(samples.issue(settings=config))
    assert config.newsletter
    written = Letter(config.newsletter, subject="Über – Silt", html=html, text=text)
    return written.addressed("ann@example.org", "<1@notes.example.org>", NOW, "token-1")


def fields(message: bytes) -> list[bytes]:
    """Split the header of a message into its fields, each with all of its lines."""
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    return re.findall(rb"[^ \t\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", head)


def field(message: bytes, name: str) -> bytes:
    """Return the only field of a name."""
    (found,) = [each for each in fields(message) if each.lower().startswith(f"{name.lower()}:".encode())]
    return found


def tags(header: bytes) -> dict[str, str]:
    """Read the tags of a DKIM-Signature, without white space."""
    bare = re.sub(r"\s", "", header.decode().partition(":")[2])
    return dict(part.split("=", 1) for part in bare.split(";") if part)


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, old: bool = False) -> str:
    """Write a key as programs do, in the old or the new form."""
    form = PrivateFormat.TraditionalOpenSSL if old else PrivateFormat.PKCS8
    return private.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_letter_verifies(kind: Kind) -> None:
    """A message of the newsletter verifies, and stays as it was below its signature."""
    signed = made(kind).signed(letter())

    assert verifies(signed)
    assert signed.endswith(b"\r\n" + letter())
    assert tags(fields(signed)[0]) | {"h": "", "bh": "", "b": ""} == {
        "v": "1",
        "a": f"{kind}-sha256",
        "c": "relaxed/simple",
        "d": "notes.example.org",
        "s": kind,
        "t": str(int(NOW.timestamp())),
        "h": "",
        "bh": "",
        "b": "",
    }


def test_plain_message_verifies() -> None:
    """What is sent to the publisher is signed too."""
    config = samples.config().newsletter
    assert config
    written = plain_message(
        config, "ann@example.org", subject="Hm", text="\n\n", message_id="<2@a.example>", date=NOW
    )

    assert verifies(made("ed25519").signed(written))


def test_each_signature_stands_alone() -> None:
    """Two keys make two signatures, the first configured first, and neither covers the other."""
    signed = made("rsa", "ed25519").signed(letter())
    first, second = fields(signed)[:2]

    assert [tags(each)["s"] for each in (first, second)] == ["rsa", "ed25519"]
    assert verifies(signed, 0)
    assert verifies(signed, 1)
    assert verifies(second + letter())


def test_signature_of_another_domain() -> None:
    """A configured domain signs instead of the sender's, in small letters."""
    signed = made("ed25519", domain="Mail.Example.NET").signed(letter())

    assert tags(fields(signed)[0])["d"] == "mail.example.net"


def test_all_that_matters_is_covered() -> None:
    """The list of covered headers has whole names: those there are once, and one more where none may come."""
    names = tags(fields(made("ed25519").signed(letter()))[0])["h"].split(":")

    for name in COVERED:
        assert names.count(name.lower()) == 1 + (name in SEALED), name
    for name in set(SEALED) - set(COVERED):
        assert names.count(name.lower()) == 1, name
    assert set(names) == {name.lower() for name in (*COVERED, *SEALED)}


def test_feedback_id_is_covered_where_there_is_one() -> None:
    """Feedback-ID counts only if it is signed."""
    signed = made("ed25519").signed(b"Feedback-ID: a:b:c:quaynotes\r\n" + letter())

    assert verifies(signed)
    assert not verifies(signed.replace(b"quaynotes", b"quaynetes"))


@pytest.mark.parametrize("name", COVERED)
def test_changed_header_breaks_the_signature(name: str) -> None:
    """Any other character in a covered header is noticed, and so is its loss."""
    signed = made("ed25519").signed(letter())
    found = field(signed, name)
    begin = signed.index(found)

    for at in range(len(name) + 2, len(found) - 2):
        other = bytes([found[at] ^ 1]) if found[at] not in b"\r\n" else b"x"
        assert not verifies(signed[: begin + at] + other + signed[begin + at + 1 :]), at
    assert not verifies(signed.replace(found, b""))


@pytest.mark.parametrize("name", SEALED)
def test_added_header_breaks_the_signature(name: str) -> None:
    """Nobody can add a second sender or another address to leave, above or below the others."""
    signed = made("ed25519").signed(letter())
    added = f"{name}: mallory@example.com\r\n".encode()
    head, _, body = signed.partition(b"\r\n\r\n")

    assert not verifies(added + signed)
    assert not verifies(head + b"\r\n" + added + b"\r\n" + body)


@given(st.integers(0, len(letter().partition(b"\r\n\r\n")[2]) - 1), st.integers(1, 255))
def test_changed_body_breaks_the_signature(at: int, change: int) -> None:
    """Any other byte of the body is noticed."""
    signed = made("ed25519").signed(letter())
    begin = signed.index(b"\r\n\r\n") + 4 + at

    assert not verifies(signed[:begin] + bytes([signed[begin] ^ change]) + signed[begin + 1 :])


def test_relay_may_do_what_relays_do() -> None:
    """Headers of its own, other letter case of names, other folding and blank last lines change nothing."""
    signed = made("ed25519").signed(letter())
    subject = field(signed, "Subject")
    folded = subject.replace(b"Subject: ", b"SUBJECT:\r\n\t").replace(b"\r\n ", b"  \r\n    ")

    relayed = b"Received: from a by b\r\n" + signed.replace(subject, folded) + b"\r\n\r\n"

    assert relayed != signed
    assert verifies(relayed.replace(b"Precedence: bulk\r\n", b""))


def test_signed_messages_pass_a_mail_server() -> None:
    """What a real server has received verifies, with lines that begin with dots in it."""
    awkward = letter() + b".\r\n..\r\n.dot\r\n"
    written = [made(*kinds).signed(awkward) for kinds in (("rsa",), ("ed25519",), KINDS)]
    mailbox = Mailbox()

    with mail_server(mailbox) as port, smtplib.SMTP("127.0.0.1", port) as client:
        for message in written:
            client.sendmail(SENDER, "ann@example.org", message)

    assert mailbox.messages == written
    assert all(verifies(message) for message in mailbox.messages)


_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.just("\t"), max_size=40)
_LINES = st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\t.="), max_size=20)


@given(
    st.dictionaries(st.sampled_from([*COVERED, "X-Own", "Cc"]), st.lists(_VALUES, min_size=1)),
    st.lists(_LINES),
)
def test_any_message_verifies(values: dict[str, list[str]], lines: list[str]) -> None:
    """Whatever stands in headers, folded or not, and in the body verifies, as long as there is a sender."""
    head = [f"{name}:" + "\r\n ".join(parts) for name, parts in values.items()]
    message = "\r\n".join(["FROM: a@example.org", *head, "", *lines, ""]).encode()

    signed = made("ed25519").signed(message)

    assert verifies(signed)
    names = tags(fields(signed)[0])["h"].split(":")
    assert {name.lower() for name in values if name != "X-Own"} <= set(names)


def test_same_message_has_the_same_signature() -> None:
    """A repeat is equal byte by byte, after a restart and in any thread."""
    once = made(*KINDS).signed(letter())
    again = made(*KINDS)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(again.signed, [letter()] * 40)) == {once}


@pytest.mark.parametrize(
    ("date", "stamp"),
    [
        (b"Mon, 23 Nov 2026 10:00:00 +0200", "1795420800"),
        (b"Mon, 23 Nov 2026 08:00:00 -0000", None),
        (b"Mon, 23 Nov 1926 08:00:00 +0000", None),
        (b"yesterday", None),
        (b"", None),
    ],
)
def test_time_is_that_of_the_message(date: bytes, stamp: str | None) -> None:
    """The time of a signature is the message's Date; where that says none, there is none."""
    message = b"From: a@example.org\r\nDate: " + date + b"\r\n\r\nHello\r\n"

    signed = made("ed25519").signed(message)

    assert tags(fields(signed)[0]).get("t") == stamp
    assert verifies(signed)


def test_message_without_date_is_signed() -> None:
    """A header that is not there is no fault."""
    signed = made("ed25519").signed(b"From: a@example.org\r\n\r\n")

    assert verifies(signed)
    assert "t" not in tags(fields(signed)[0])


def test_address_to_leave_stays_on_one_line() -> None:
    """Signing folds its own header and no other: a folded List-Unsubscribe does not survive every relay."""
    address = f"https://notes.example.org/{'leave-' * 140}"
    signed = made(*KINDS).signed(letter(address))

    assert f"\r\nList-Unsubscribe: <{address}?token=token-1>\r\n".encode() in signed
    assert verifies(signed)
    assert all(len(line) <= 78 for each in fields(signed)[:2] for line in each.split(b"\r\n"))


@pytest.mark.parametrize("is_wanted", [True, False])
def test_mail_is_signed_on_its_way_where_settings_say_so(project: ProjectFolder, is_wanted: bool) -> None:
    """A test mail in the outbox has a signature that others find good, and none without the setting."""
    if is_wanted:
        project.schedule("delivery: {dkim: [{selector: ed25519}]}\n")
    project.note("fog")
    project.build(FIRST)
    environ = {variable("ed25519"): key("ed25519").pem}
    site = Project(project.root, environ)
    assert draft(site, FIRST, backlog=1).issue

    send_test(site, "latest", "eve@example.org", FIRST)

    (path,) = (project.root / "outbox").rglob("*.eml")
    message = path.read_bytes()
    assert (b"\r\nDKIM-Signature: " in b"\r\n" + message) == is_wanted
    assert not is_wanted or verifies(message)


# Keys


@pytest.mark.parametrize("old", [True, False])
def test_key_of_rsa_is_read_in_both_forms(old: bool) -> None:
    """OpenSSL has written keys of RSA in two forms."""
    private = rsa.generate_private_key(65537, 1024)

    found = read_key("a", {"FEEDMAKER_DKIM_KEY_A": pem(private, old=old)})

    assert (found.kind, found.bits) == ("rsa", 1024)


def test_key_is_published_as_the_standard_has_it() -> None:
    """The public key of the standard's own example is the one that the standard prints."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED))

    assert Key(private).public == PUBLIC


def test_key_comes_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE names the file, as for all secrets; the name is the selector's in capitals."""
    (tmp_path / "key.pem").write_text(key("ed25519").pem, "utf-8")

    found = read_key("news.2026-a", {"FEEDMAKER_DKIM_KEY_NEWS_2026_A_FILE": str(tmp_path / "key.pem")})

    assert found.public == key("ed25519").public


def locked() -> str:
    """Make a key with a password."""
    private = ed25519.Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "",
            "FEEDMAKER_DKIM_KEY_A_1 is not set, so there is no key for DKIM selector a-1; set it",
        ),
        ("hunter2", "FEEDMAKER_DKIM_KEY_A_1 is no private key in PEM"),
        (SHORT.replace("MIIB", "MIIC"), "FEEDMAKER_DKIM_KEY_A_1 is no private key in PEM"),
        (SHORT, "FEEDMAKER_DKIM_KEY_A_1: a key of 512 bits is refused by receivers"),
        (locked(), "FEEDMAKER_DKIM_KEY_A_1: the key is locked by a password"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "FEEDMAKER_DKIM_KEY_A_1: DKIM knows keys of RSA and"),
    ],
    ids=["missing", "no-key", "damaged", "short", "locked", "other-kind"],
)
def test_bad_key_is_named_and_not_shown(value: str, said: str) -> None:
    """The text names the variable and the way out, and neither it nor its cause shows any of the value."""
    settings = Delivery.model_validate({"dkim": [{"selector": "a-1"}]})

    with pytest.raises(UsageError) as raised:
        signer(settings, SENDER, {"FEEDMAKER_DKIM_KEY_A_1": value})

    assert str(raised.value).startswith(said)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert not any(line and line in str(raised.value) for line in value.splitlines())


def test_key_does_not_show_itself() -> None:
    """Whoever prints a key or a signer sees nothing of it."""
    shown = f"{key('ed25519')!r} {made('ed25519')!r}"

    assert not any(line in shown for line in key("ed25519").pem.splitlines())


def test_zone_of_the_date_counts() -> None:
    """Two ways to write one moment have one time."""
    east = timezone(timedelta(hours=5, minutes=30))
    config = samples.config().newsletter
    assert config
    written = Letter(config, subject="Silt", html="<p>Silt</p>", text="Silt")
    stamps = {
        tags(
            fields(made("ed25519").signed(written.addressed("a@example.org", "<1@a.example>", date, "t")))[0]
        )["t"]
        for date in (NOW, NOW.astimezone(east))
    }

    assert stamps == {str(int(NOW.timestamp()))}

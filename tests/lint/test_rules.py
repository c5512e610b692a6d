"""The table of rules, the documentation and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

from feedmaker.lint.rules import RULES
from feedmaker.text import escape
from tests.docs.documents import ROOT, tables
from tests.lint.cases import CASES

_PAGE = (ROOT / "docs" / "feed-rules.md").read_text("utf-8")
_SOURCES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "feedmaker" / "lint").glob("*.py"))}
_CODE = re.compile(r'Problem\(\s*"([a-z0-9-]+)"|_note\(\s*"([a-z0-9-]+)"')
_TESTED_ELSEWHERE = ("served", "agreement")


def test_every_rule_is_documented_as_it_is() -> None:
    """The page has each rule with its severity, requirements, meaning, cure and source, and no other rule."""
    rows = {row[0].strip("`"): row[1:] for row in tables(_PAGE) if len(row) == 6}
    rows.pop("code", None)

    assert rows == {
        code: [
            rule.severity,
            ", ".join(map(str, rule.requirements)),
            escape(rule.meaning),
            escape(rule.cure),
            rule.source,
        ]
        for code, rule in RULES.items()
    }


def test_every_requirement_has_a_rule() -> None:
    """Each of the 25 requirements is looked at by a rule at least."""
    assert {number for rule in RULES.values() for number in rule.requirements} == set(range(1, 26))


def test_every_requirement_is_documented() -> None:
    """The page has a row for each of the 25 requirements, and says what needs a server."""
    rows = [int(row[0]) for row in tables(_PAGE) if len(row) == 3 and row[0].isdigit()]

    assert rows == list(range(1, 26))


def test_codes_in_the_code_are_those_of_the_table() -> None:
    """No problem is reported under a code that has no rule, and no rule is without a problem."""
    reported = {code for text in _SOURCES.values() for pair in _CODE.findall(text) for code in pair if code}

    assert reported <= set(RULES)
    for code in RULES:
        uses = sum(text.count(f'"{code}"') for text in _SOURCES.values())
        assert uses, f"nothing reports {code}"


def test_every_rule_for_one_document_has_a_case() -> None:
    """Each rule that one document can break is broken by a planted mistake."""
    planted = {case.code for case in CASES}
    of_several = {
        code
        for name in _TESTED_ELSEWHERE
        for code in re.findall(r"^    ([a-z0-9-]+) (?:error|warning) ", _SOURCES[f"{name}.py"], re.MULTILINE)
    }

    assert set(RULES) - planted - of_several == {"more-findings", "feed-too-large", "not-checked"}
    assert of_several <= {code for path in Path(__file__).parent.glob("*.py") for code in _words(path)}


def _words(path: Path) -> set[str]:
    return set(re.findall(r'"([a-z0-9-]+)"', path.read_text("utf-8")))

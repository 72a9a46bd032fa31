"""The library as a command: lines in and out, exit codes, and no Django behind it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.language import IDS, NOW, document, exemption, rule

ROOT = Path(__file__).parents[2]
BANK = {"is": ["licensee.sector", "bank"]}
SHOP = {"is": ["licensee.sector", "shop"]}


def run(*arguments: str, given: bytes = b"") -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "accesscontrol.policy", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, cwd=ROOT, timeout=60)
    return done.returncode, done.stdout.decode().splitlines()


def test_judge_answers_line_by_line() -> None:
    question = json.dumps({"facts": {**IDS, "licensee.sector": "bank"}, "at": NOW, "more": 1})
    given = "\n".join(
        [question, "", json.dumps({"release": document(rule(BANK))}), "  \t\r", question]
    )
    code, printed = run("judge", given=given.encode())
    refused, answer = map(json.loads, printed)
    assert code == 0
    assert refused["error"]["code"] == "no_release"
    assert answer == {
        "outcome": "deny",
        "reasons": [{"rule": "R-1", "version": 1, "effect": "deny"}],
        "undetermined": [],
        "lifted": [],
        "would_have": [],
        "conflicts": [],
        "invalid": [],
        "ignored": [],
    }


def test_the_columns_answer_standings_only() -> None:
    question = {"facts": {**IDS, "licensee.sector": "bank"}, "at": NOW}
    sent = [{"release": document(rule(BANK))}, question, {**question, "standing": True}]
    given = "\n".join(map(json.dumps, sent)).encode()
    code, printed = run("judge", "--reader", "columns", given=given)
    live, standing = map(json.loads, printed)
    assert (code, live) == (0, {"not_of_reader": "columns"})
    assert (standing["outcome"], standing["reasons"][0]["rule"]) == ("deny", "R-1")


def test_numpy_is_imported_for_the_columns_only() -> None:
    script = "import sys, accesscontrol.policy.__main__; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60).returncode == 0


def test_no_django_is_imported() -> None:
    script = "import sys, accesscontrol.policy.__main__; sys.exit(any(m.startswith('django') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60).returncode == 0


CHECKS = [
    ([rule(BANK)], 0, "release 1: 1 rules, 0 findings"),
    ([rule({"all": [BANK, SHOP]})], 1, "/release/rules/0: matches_nothing: "),
    ([rule(BANK, unless=[exemption(SHOP)])], 1, "/release/rules/0/unless/0: never_applies: "),
    ([rule(BANK), rule(BANK, "review", ref="R-2")], 1, "/release/rules/1: always_outweighed: "),
    ([rule({"is": ["licensee.sector", ""]})], 1, "/release/rules/0/when: bad_value: "),
]


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "code", "first"), CHECKS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_check(
    tmp_path: Path, rules: list[dict[str, object]], code: int, first: str, wrapped: bool
) -> None:
    whole = document(*rules)
    path = tmp_path / "release.json"
    path.write_text(json.dumps({"release": whole} if wrapped else whole))
    found, printed = run("check", str(path))
    assert found == code
    assert printed[0].startswith(first)


@pytest.mark.slow
def test_a_company_runs_its_own_cases(tmp_path: Path) -> None:
    question = {"facts": {**IDS, "licensee.sector": "bank"}, "at": NOW}
    release, cases = tmp_path / "release.json", tmp_path / "cases.json"
    release.write_text(json.dumps(document(rule(BANK))))
    cases.write_text(
        json.dumps([{**question, "expect": "deny"}, {**question, "expect": {"ignored": []}}])
    )
    assert run("test", str(release), str(cases)) == (0, ["cases: 2 of 2"])
    cases.write_text(json.dumps([{**question, "name": "banks pass", "expect": "permit"}]))
    assert run("test", str(release), str(cases)) == (
        1,
        ['banks pass: outcome is "deny", expected "permit"', "cases: 0 of 1"],
    )


def test_what_cannot_be_read_exits_2(tmp_path: Path) -> None:
    assert run("check", str(tmp_path / "nowhere.json")) == (2, [])

"""The rule language as a command: judge lines, check a release, run a company's own cases."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from accesscontrol.policy.command.cases import run_cases
from accesscontrol.policy.command.i_json import parse_document
from accesscontrol.policy.command.readers import NAMES, ONLINE, Reader, reader_named
from accesscontrol.policy.command.session import answers
from accesscontrol.policy.language.errors import PolicyError
from accesscontrol.policy.language.release import Release, parse_release
from accesscontrol.policy.words.lint import lint

FOUND: Final = 1  # exit codes, beside 0
UNREADABLE: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Run a command. Returns its exit code: FOUND where a check or a test case finds something,
    UNREADABLE where the input cannot be read at all.
    """
    given = _parser().parse_args(arguments)
    try:
        if given.command == "judge":
            return judge(reader_named(given.reader))
        release = _release(given.release)
        return check(release) if given.command == "check" else test(release, given.cases)
    except PolicyError as error:
        print(f"{error.pointer or '/'}: {error.code}: {error.message}")
        return FOUND
    except OSError as error:
        print(f"The input cannot be read: {error}", file=sys.stderr)
        return UNREADABLE


def judge(reader: Reader) -> int:
    """Print the answers to the lines of the standard input."""
    if sys.stdin is None:  # the one who started the command closed it
        raise OSError("the standard input is closed")
    output = sys.stdout.buffer
    for line in answers(sys.stdin.buffer, reader):
        output.write(line.encode("utf-8") + b"\n")
        output.flush()
    return 0


def check(release: Release) -> int:
    """Print the flaws that the conflict finder finds in a release."""
    flaws = lint(release)
    for flaw in flaws:
        print(f"{flaw.pointer}: {flaw.kind}: {flaw.message}")
    print(f"release {release.number}: {len(release.rules)} rules, {len(flaws)} findings")
    return FOUND if flaws else 0


def test(release: Release, cases: Path) -> int:
    """Print the test cases that fail, and how many pass."""
    total, failures = run_cases(release, parse_document(cases.read_bytes()))
    for failure in failures:
        print(f"{failure.name}: {failure.message}")
    passed = total - len({failure.name for failure in failures})
    print(f"cases: {passed} of {total}")
    return FOUND if failures else 0


def _release(path: Path) -> Release:
    """The release in a file, which holds it alone or as the line {"release": …} of ``judge``."""
    document = parse_document(path.read_bytes())
    if isinstance(document, dict) and isinstance(document.get("release"), dict):
        document = document["release"]
    return parse_release(document)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m accesscontrol.policy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="answer the JSON lines of the standard input")
    judging.add_argument(
        "--reader",
        choices=NAMES,
        default=ONLINE.name,
        help="who reads the rules; all answer the same, columns standings only (default: online)",
    )
    checking = commands.add_parser("check", help="parse a release and look for conflicts")
    checking.add_argument("release", type=Path, metavar="RELEASE.json")
    testing = commands.add_parser("test", help="run a company's own cases against a release")
    testing.add_argument("release", type=Path, metavar="RELEASE.json")
    testing.add_argument("cases", type=Path, metavar="CASES.json")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

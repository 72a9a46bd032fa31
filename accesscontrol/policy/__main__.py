"""The rule language as a command: judge lines of questions, check a release, run a company's cases."""

import argparse
import sys
from collections.abc import Sequence

from accesscontrol.policy.lines import answers


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m accesscontrol.policy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("judge", help="answer the JSON lines of the standard input")
    parser.parse_args(arguments)
    return judge()


def judge() -> int:
    """Print one answer a line; 2 if the input cannot be read at all."""
    output = sys.stdout.buffer
    try:
        for line in answers(sys.stdin.buffer):
            output.write(line.encode("utf-8") + b"\n")
            output.flush()
    except OSError as error:
        print(f"The input cannot be read: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

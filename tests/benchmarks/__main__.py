"""Every benchmark in turn, then one table of their last lines (``make bench``)."""

import json
import subprocess
import sys

BENCHMARKS = ("engine", "rescreen", "preview", "publish")


def main(arguments: list[str]) -> int:
    last: dict[str, dict[str, object]] = {}
    for name in BENCHMARKS:
        print(f"\n━━ {name}", flush=True)
        lines = _run(name, arguments)
        if lines is None:
            return 1
        last[name] = json.loads(lines[-1])
    print("\n━━ all")
    for name, keys in last.items():
        for key, value in keys.items():
            print(f"  {name:<10} {key:<28} {value}")
    return 0


def _run(name: str, arguments: list[str]) -> list[str] | None:
    """What it printed, shown as it comes; None if it failed."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return None if process.returncode else lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

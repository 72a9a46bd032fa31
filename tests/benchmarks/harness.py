"""What every benchmark shares: options, interleaved rounds, medians, exponents, the last line.

Nothing here judges a figure: each benchmark prints what it measured, and its last line is one JSON
object with the keys of the targets.
"""

import argparse
import gc
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Clock = Callable[[], float]


def options(what: str | None, **defaults: tuple[Any, str]) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take; ``size=(1_000_000, "licensees")`` adds an option."""
    first = (what or "").split("\n")[0]
    parser = argparse.ArgumentParser(description=first)
    parser.add_argument("--small", action="store_true", help="a size for CI: correctness only")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    for name, (default, words) in defaults.items():
        kind = type(default) if default is not None else str
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{words} ({default})")
    return parser


def interleaved(
    rounds: int, parts: Mapping[str, Callable[[], Any]], *, clock: Clock = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each part in each round; the parts take turns, so that noise meets all alike."""
    took: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, part in parts.items():
            took[name].append(seconds(part, clock=clock))
    return took


def seconds(part: Callable[[], Any], *, clock: Clock = time.perf_counter) -> float:
    """How long it takes, with the garbage of what came before out of the way."""
    gc.collect()
    began = clock()
    part()
    return clock() - began


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios, each between two figures of the same round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def exponent(sizes: Sequence[int], took: Sequence[float]) -> float | None:
    """k where the time grows like size**k (least squares over logarithms); None for one size."""
    if len(sizes) < 2:
        return None
    x, y = [math.log(each) for each in sizes], [math.log(each) for each in took]
    return round(statistics.linear_regression(x, y).slope, 3)


def machine() -> dict[str, Any]:
    """What the figures were measured on, without any name or path of it."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def say(words: str = "") -> None:
    """A line for whoever watches."""
    print(words, flush=True)


def table(title: str, rows: Mapping[str, Any]) -> None:
    """Named figures, one a line."""
    say(f"\n{title}")
    for name, value in rows.items():
        say(f"  {name:<44} {shown(value)}")


def shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def last(keys: Mapping[str, Any]) -> None:
    """The machine, then the last line: exactly the keys of the targets."""
    say(f"\nmachine {json.dumps(machine())}")
    say(json.dumps({name: rounded(value) for name, value in keys.items()}))


def rounded(value: Any) -> Any:
    """Four digits that count."""
    if isinstance(value, float) and value:
        return float(f"{value:.4g}")
    return value

"""The shape of the code: layers, no cycles, short functions, short modules, no signals."""

import ast
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("accesscontrol", "project")
MIGRATIONS = ROOT / "accesscontrol" / "migrations"
VAGUE = ("process_", "handle_", "do_")
MODULES_AT_MOST = 14
MODULES_TODAY = {
    "accesscontrol/api": 22,
    "accesscontrol/dashboard": 16,
    "accesscontrol/dashboard/rules": 15,
    "accesscontrol/dashboard/shell": 16,
}  # each is one noun of a door, or a table
GIVEN = {"process_exception"}  # Django's own name for a middleware's method


def modules() -> list[Path]:
    found = [path for name in OURS for path in sorted((ROOT / name).rglob("*.py"))]
    return [path for path in found if MIGRATIONS not in path.parents]


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in modules():
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of its body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many parameters it has, ``*args`` and ``**kwargs`` as one each."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return len([each for each in (*named, given.vararg, given.kwarg) if each is not None])


def test_imports_keep_the_contracts() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    if not program.exists():
        program = Path(shutil.which("lint-imports") or "lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_import_goes_round_in_a_circle() -> None:
    graph = grimp.build_graph("accesscontrol", exclude_type_checking_imports=True)
    imports = {
        module: graph.find_modules_directly_imported_by(module) & graph.modules
        for module in graph.modules
    }
    # What is left after taking away, again and again, everything that imports nothing left over.
    while True:
        free = {module for module, targets in imports.items() if not targets & imports.keys()}
        if not free:
            break
        imports = {module: targets for module, targets in imports.items() if module not in free}
    circles = {m: t & imports.keys() for m, t in imports.items() if _reaches(imports, m, m)}
    assert not circles, circles


def _reaches(imports: dict[str, set[str]], start: str, goal: str) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        for target in imports.get(waiting.pop(), set()):
            if target == goal:
                return True
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return False


def test_the_median_function_is_under_ten_lines() -> None:
    assert statistics.median(lines(function) for _, function in functions()) < 10


def test_no_function_takes_more_than_ten_arguments() -> None:
    """A verb that needs more takes a value object, named with a noun of the field."""
    many = {f"{path}:{f.name}": n for path, f in functions() if (n := arguments(f)) > 10}
    assert not many


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in modules()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_no_folder_holds_more_than_a_stranger_can_hold_in_the_head() -> None:
    """Folders of policy and screening hold 14 modules at most; no other grows beyond today's."""
    full = {}
    for folder in {path.parent for path in modules()}:
        name = str(folder.relative_to(ROOT))
        inside = name.startswith(("accesscontrol/policy/", "accesscontrol/screening/"))
        most = MODULES_AT_MOST if inside else MODULES_TODAY.get(name, MODULES_AT_MOST)
        count = len([path for path in folder.glob("*.py") if path.stem != "__init__"])
        if count > most:
            full[name] = count
    assert not full


@pytest.mark.parametrize("room", ["policy", "screening"])
def test_no_chain_of_imports_is_long_to_climb(room: str) -> None:
    """At most 6 folders one above the other, and inside a folder at most 8 modules."""
    graph = grimp.build_graph("accesscontrol", exclude_type_checking_imports=True)
    base = f"accesscontrol.{room}"
    inside = {module for module in graph.modules if module.startswith(f"{base}.")}
    folders: dict[str, set[str]] = {}
    modules_of: dict[str, dict[str, set[str]]] = {}
    for module in inside:
        folder = module.split(".")[2]
        targets = graph.find_modules_directly_imported_by(module) & inside
        folders.setdefault(folder, set()).update(each.split(".")[2] for each in targets)
        same = {each for each in targets if each.split(".")[2] == folder}
        modules_of.setdefault(folder, {})[module] = same
    assert _longest({name: above - {name} for name, above in folders.items()}) <= 6
    long = {name: found for name, each in modules_of.items() if (found := _longest(each)) > 8}
    assert not long


def _longest(imports: dict[str, set[str]]) -> int:
    """How many things the longest chain of imports has; there are no circles."""
    known: dict[str, int] = {}

    def height(name: str) -> int:
        if name not in known:
            known[name] = 1 + max(map(height, imports[name]), default=0)
        return known[name]

    return max(map(height, imports))


CACHES = ("lru_cache", "cache", "ContextVar")
MUTATES = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove",
    "setdefault", "update",
}  # fmt: skip


def test_what_a_process_keeps_says_whether_threads_share_it() -> None:
    """Caches, context variables, and what functions change in their module.

    The word "thread" stands in the docstring, or in a comment beside it.
    """
    silent = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in _kept(tree)
        if "thread" not in _beside(path, node).lower()
    ]
    assert not silent


def _kept(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that make something which lives, and changes, with the process."""
    changed = _changed(tree)
    inside = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
    assigned = (n for n in tree.body if not isinstance(n, ast.FunctionDef))
    return (node for node in (*inside, *assigned) if _is_kept(node, changed))


def _is_kept(node: ast.stmt, changed: set[str]) -> bool:
    match node:
        case ast.FunctionDef(decorator_list=decorators):
            return any(_named(each) in CACHES for each in decorators)
        case ast.Assign(targets=targets, value=value):
            named = {each.id for each in targets if isinstance(each, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            named = {name}
        case _:
            return False
    return bool(named & changed) or (value is not None and _named(value) in CACHES)


def _named(node: ast.expr) -> str:
    """The last name of what is called, if anything is: of ``functools.cache``, ``cache``."""
    match node:
        case ast.Call(func=called):
            return _named(called)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _changed(tree: ast.Module) -> set[str]:
    """The names whose things the module's functions change, or which they bind anew."""
    found: set[str] = set()
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
    for node in (inner for function in functions for inner in ast.walk(function)):
        match node:
            case ast.Global(names=names):
                found.update(names)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb)):
                found.update({name} if verb in MUTATES else ())
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                found.add(name)
    return found


def _beside(path: Path, node: ast.stmt) -> str:
    """The node's own text, and the comment above it."""
    text = (ROOT / path).read_text(encoding="utf-8").splitlines()
    first = node.lineno - 1
    while first and text[first - 1].lstrip().startswith(("#", "@")):
        first -= 1
    return "\n".join(text[first : node.end_lineno])


def test_every_module_opens_with_a_sentence() -> None:
    silent = [str(path) for path, tree in trees() if tree.body and not ast.get_docstring(tree)]
    assert not silent


def test_no_signals_anywhere() -> None:
    banned = ("django.dispatch", "django.db.models.signals", "django.core.signals")
    found = [
        (str(path), node.module)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(banned)
    ]
    assert not found


def test_no_verb_hides_what_it_does() -> None:
    vague = [
        f"{path}:{function.name}"
        for path, function in functions()
        if function.name.startswith(VAGUE) and function.name not in GIVEN
    ]
    classes = [
        f"{path}:{node.name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Service", "Helper", "Utils"))
    ]
    assert not vague + classes
    assert not [
        str(path) for path in modules() if path.stem in {"utils", "helpers", "common_utils"}
    ]


@pytest.mark.parametrize("room", ["orders", "decisions", "screening", "releases", "facts", "cases"])
def test_rooms_do_not_read_the_clock(room: str) -> None:
    folder = ROOT / "accesscontrol" / room
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    clocks = ("datetime.now(", "timezone.now(", "time.time(", "date.today(")
    found = [
        f"{path.name}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(clock in line for clock in clocks)
    ]
    assert not found

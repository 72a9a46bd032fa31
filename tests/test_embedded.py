"""The embedded servers are real, keep their data, and never outlive whoever started them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from project import config, embedded, postgres, processes

ROOT = Path(__file__).resolve().parent.parent
DEBIANS = Path("/usr/lib/postgresql/15/bin")
NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    dropped = folder / "dropped_to"
    if dropped.exists():
        shutil.rmtree(dropped.read_text())


class Supervisor:
    """`python -m project.embedded` in a process of its own, so that it can be killed."""

    def __init__(self, state: Path, *, wrap: list[str] | None = None, **env: str) -> None:
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "CELERY_BROKER_URL"}
        }
        self.process = subprocess.Popen(
            [*(wrap or []), sys.executable, "-m", "project.embedded"],
            cwd=ROOT,
            env={**clean, "STATE_DIR": str(state), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().strip() for _ in range(2)]
        if not all(lines):
            _, said = self.process.communicate(timeout=60)
            raise AssertionError(said)
        self.database, self.broker = (line.split("=", 1)[1] for line in lines)

    def ends(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def running(state: Path, **more: object) -> Iterator[Supervisor]:
    supervisor = Supervisor(state, **more)  # type: ignore[arg-type]
    try:
        yield supervisor
    finally:
        if supervisor.process.poll() is None:
            assert supervisor.ends(signal.SIGTERM) == 0


def rows(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []


def queue(broker: str) -> redis.Redis:
    return redis.Redis(unix_socket_path=broker.removeprefix("redis+socket://"))


def remember(supervisor: Supervisor) -> None:
    rows(supervisor.database, "create table kept as select 42 as answer")
    with queue(supervisor.broker) as broker:
        broker.rpush("kept", "message")
    time.sleep(1.1)  # the append-only file is flushed every second


def assert_remembers(supervisor: Supervisor) -> None:
    assert rows(supervisor.database, "select answer from kept") == [(42,)]
    with queue(supervisor.broker) as broker:
        assert broker.lrange("kept", 0, -1) == [b"message"]


def servers_of(state: Path) -> list[str]:
    """The servers that work on this folder now, whoever started them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if str(state) in " ".join(words) and Path(words[0]).name.startswith(("postgres", "valkey")):
            found.append(words[0])
    return found


def assert_gone(state: Path) -> None:
    deadline = time.monotonic() + 20
    while servers_of(state) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert servers_of(state) == []


def test_a_second_start_keeps_the_data_and_a_clean_stop_leaves_no_process(state: Path) -> None:
    with running(state) as first:
        remember(first)
    assert_gone(state)
    with running(state) as second:
        assert_remembers(second)
    assert_gone(state)


def test_ctrl_c_is_a_clean_stop(state: Path) -> None:
    supervisor = Supervisor(state)
    assert supervisor.ends(signal.SIGINT) == 0
    assert_gone(state)
    assert not (state / "postgres" / "postmaster.pid").exists()


def test_servers_do_not_outlive_a_killed_supervisor_and_their_data_does(state: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv, by which servers die with their parent, is Linux's")
    supervisor = Supervisor(state)
    remember(supervisor)
    supervisor.ends(signal.SIGKILL)
    with running(state) as again:  # at once: what is still stopping is waited for
        assert_remembers(again)
    assert_gone(state)


def test_a_stale_pid_file_whose_number_lives_again_does_not_stop_a_start(state: Path) -> None:
    with running(state) as first:
        remember(first)
    (state / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{state / 'postgres'}\n")
    (state / "valkey" / "valkey.pid").write_text(f"{os.getpid()}\n")
    with running(state) as again:
        assert_remembers(again)
    os.kill(os.getpid(), 0)  # and the number's new owner, this test, was left alone


def test_the_role_is_no_superuser_and_nothing_listens_on_the_network(state: Path) -> None:
    with running(state) as servers:
        role = rows(
            servers.database,
            "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user",
        )
        assert role == [(False, True, False)]
        assert rows(servers.database, "show listen_addresses") == [("",)]
        assert rows(servers.database, "show fsync") == [("on",)]
        (provider, version), *_ = rows(
            servers.database,
            "select datlocprovider::text, current_setting('server_version_num')::int"
            " from pg_database where datname = current_database()",
        )
        assert version < 170000 or provider == "b"
        with queue(servers.broker) as broker:
            assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert broker.config_get("port") == {"port": "0"}
    assert state.stat().st_mode & 0o077 == 0


def test_a_wrong_password_is_refused(state: Path) -> None:
    with running(state) as servers:
        secret = (state / "password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(servers.database.replace(secret, "wrong"))


def test_a_second_asker_shares_the_servers_and_leaves_them_running(state: Path) -> None:
    with running(state) as first:
        with embedded.Servers(state) as second:
            assert not second.owned
            assert rows(embedded.database_url(state), "select 1") == [(1,)]
        assert rows(first.database, "select 1") == [(1,)]


def test_a_state_dir_too_long_for_a_socket_works_all_the_same(state: Path) -> None:
    deep = state / ("long-" * 15) / ("longer-" * 10)
    with running(deep) as servers:
        assert rows(servers.database, "select 1") == [(1,)]
    shutil.rmtree(embedded.socket_dir(deep))


def test_a_short_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(processes.CannotStart, match="open to others"):
        processes.own(tmp_path)


def test_as_a_normal_user(state: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root: all other tests here run as a normal user already")
    if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces here, so root cannot turn into a normal user")
    state.mkdir(mode=0o700)
    with running(state, wrap=NAMESPACE) as first:
        remember(first)
    with running(state, wrap=NAMESPACE) as second:
        assert_remembers(second)
    assert_gone(state)


def test_as_root_without_user_namespaces(state: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv here")
    with running(state, EG_NO_USER_NAMESPACE="1") as first:
        assert (state / "dropped_to").exists()
        remember(first)
    with running(state, EG_NO_USER_NAMESPACE="1") as second:
        assert_remembers(second)


def test_no_postgres_at_all_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EG_POSTGRES_BIN", "/nowhere")
    with pytest.raises(processes.CannotStart, match="Install PostgreSQL, or set DATABASE_URL"):
        postgres.find()


# ---------------------------------------------------------------- other servers, by settings alone


def _redis_or_skip() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        pytest.skip("no redis-server is installed here (apt-get install redis-server)")
    return found


def _manage(*words: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_distributions_postgresql_15_by_database_url(state: Path) -> None:
    if postgres.major_version(DEBIANS) is None:
        pytest.skip("PostgreSQL 15 is not installed here (apt-get install postgresql)")
    with running(state, EG_POSTGRES_BIN=str(DEBIANS)) as servers:
        assert rows(servers.database, "show server_version_num")[0][0].startswith("15")
        env = {
            "DATABASE_URL": servers.database,
            "CELERY_BROKER_URL": servers.broker,
            "STATE_DIR": str(state / "client"),
        }
        _manage("migrate", "-v0", **env)
        _manage("load_starter", **env)
        assert '"ready": true' in _manage("health", "--format", "json", **env)
        owner = servers.database.replace(
            f"//{embedded.ROLE}:{(state / 'password').read_text()}@",
            f"//postgres:{(state / 'superuser_password').read_text()}@",
        )
        assert "is guarded" in _manage("bootstrap_database", "--owner-url", owner, **env)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(servers.database, "alter table audit.event disable trigger all")
        assert "triggers alone" not in _manage("health", **env)
        _manage("bootstrap_database", "--owner-url", owner, "--release", **env)
        _manage("migrate", "-v0", **env)


def test_a_real_redis_by_celery_broker_url(state: Path, tmp_path: Path) -> None:
    server = _redis_or_skip()
    path = tmp_path / "redis.sock"
    state.mkdir(mode=0o700)
    child = processes.Child(
        "redis",
        [server, "--port", "0", "--unixsocket", str(path), "--save", ""],
        state,
        cwd=tmp_path,
    )
    try:
        processes.until(path.exists, "Redis", [child])
        ask = (
            "from project.celery import app\n"
            "with app.connection_for_write() as broker:\n"
            "    app.send_task('x.y', connection=broker)\n"
            "    print(broker.default_channel.client.llen(app.conf.task_default_queue))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", ask],
            cwd=ROOT,
            env={**os.environ, "CELERY_BROKER_URL": f"redis+socket://{path}"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.strip() == "1", done.stderr
    finally:
        child.stop()


# ---------------------------------------------------------------- settings


def test_a_value_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("EG_SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.delenv("EG_SECRET_KEY", raising=False)
    assert config.text("EG_SECRET_KEY") == "from a file"


def test_an_unknown_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EG_SECRET_KEEY", "x")
    assert "EG_SECRET_KEEY" in config.unknown()


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = config.secret(tmp_path / "secret")
    assert config.secret(tmp_path / "secret") == first
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0

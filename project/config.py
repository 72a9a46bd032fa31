"""Reads settings from environment variables. Each NAME can also be given as a file, NAME_FILE."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# The variables that the product reads. The embedded servers read the first two, before or without
# the settings. Filled by the one thread that imports the settings.
_known: set[str] = {"EG_POSTGRES_BIN", "EG_NO_USER_NAMESPACE"}
_ON = {"1", "on", "true", "yes"}
_OFF = {"", "0", "off", "false", "no"}


def text(name: str, default: str = "") -> str:
    """Return the value of NAME, or the content of the file that NAME_FILE names, or the default."""
    _known.update((name, f"{name}_FILE"))
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read ({error.strerror}). "
            f"Correct the path, or give the value itself as {name}."
        ) from error


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "on" if default else "off").strip().lower()
    if value not in _ON | _OFF:
        raise ImproperlyConfigured(f"{name} is {value!r}; use on or off.")
    return value in _ON


def number(name: str, default: int) -> int:
    value = text(name, str(default)).strip()
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; use a whole number.") from error


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def unknown() -> list[str]:
    """The EG_* variables that the product does not read: most likely mistyped."""
    return sorted(name for name in os.environ if name.startswith("EG_") and name not in _known)


def secret(path: Path) -> str:
    """Return the secret in this file. Make it first, readable only by its owner, if it is missing.

    Safe if two processes start at once.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # Another process was first, and its secret counts.
        finally:
            fresh.unlink()
    return path.read_text().strip()


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of the database at postgresql://user:secret@host:5432/name.

    A unix socket is given as ?host=/its/folder. Other parameters are libpq's, such as sslmode.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL begins with {parts.scheme!r}; Export Gate runs on PostgreSQL 15 "
            "or later only: postgresql://user:password@host:5432/name."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": options.pop("port", None) or str(parts.port or ""),
        "OPTIONS": options,
    }

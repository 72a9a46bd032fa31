"""A small world behind the API, and a client that sends a token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.worlds import ground

Ask = Callable[..., HttpResponse]


@pytest.fixture
def world(db: None) -> None:
    ground.lay()


@pytest.fixture
def send(world: None) -> Ask:
    """Send a body (an object, or bytes as they are) with a token of the given scopes."""
    client = Client()
    tokens: dict[tuple[str, ...], str] = {}

    def post(
        path: str,
        body: Any = None,
        *,
        scopes: tuple[str, ...] = ("decisions:ask",),
        token: str | None = None,
        content_type: str = "application/json",
        method: str = "POST",
        **headers: str,
    ) -> HttpResponse:
        if token is None and scopes:
            if scopes not in tokens:
                tokens[scopes] = ground.token(*scopes).text
            token = tokens[scopes]
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return client.generic(method, path, raw, content_type=content_type, headers=sent)  # type: ignore[return-value]

    return post


@pytest.fixture
def ask(send: Ask) -> Callable[..., dict[str, Any]]:
    """Ask one question in words of the ground; the answer's body."""

    def one(
        *args: Any, scopes: tuple[str, ...] = ("decisions:ask",), **more: Any
    ) -> dict[str, Any]:
        response = send("/access/v1/evaluation", ground.question(*args, **more), scopes=scopes)
        assert response.status_code == 200, response.content
        return json.loads(response.content)

    return one


@pytest.fixture
def read(world: None) -> Callable[..., HttpResponse]:
    """GET with a token of the given scopes."""
    client = Client()

    def get(path: str, *scopes: str, **headers: str) -> HttpResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if scopes:
            sent["Authorization"] = f"Bearer {ground.token(*scopes).text}"
        return client.get(path, headers=sent)  # type: ignore[return-value]

    return get

"""Clients that ask the decision API without pause, and note when they asked and what they were told."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Clock = time.monotonic  # one for all processes of a machine, and it never steps


@dataclass(frozen=True)
class Answer:
    """Instants are of the monotonic clock: just before the question was sent, after the answer."""

    asked: float
    answered: float
    status: int
    outcome: str
    release: int
    subject: str


class Clients:
    """So many threads, each with a connection of its own, in turn through the same questions."""

    def __init__(
        self, port: int, token: str, bodies: Sequence[tuple[str, str]], count: int
    ) -> None:
        self.port, self.token, self.bodies = port, token, bodies
        self.answers: list[list[Answer]] = [[] for _ in range(count)]
        self.errors: list[str] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(count)
        ]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def all(self) -> list[Answer]:
        return [each for answers in self.answers for each in answers]

    def _ask(self, n: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        at = n * len(self.bodies) // len(self._threads)
        while not self._over.is_set():
            subject, body = self.bodies[at % len(self.bodies)]
            at += 1
            try:
                self.answers[n].append(self._one(connection, subject, body))
            except (OSError, http.client.HTTPException, KeyError, ValueError) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                connection.close()

    def _one(self, connection: http.client.HTTPConnection, subject: str, body: str) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        asked = Clock()
        connection.request("POST", "/access/v1/evaluation", body, headers)
        response = connection.getresponse()
        said: dict[str, Any] = json.loads(response.read())
        answered = Clock()
        context = said["context"]
        return Answer(
            asked, answered, response.status, context["outcome"], context["release"], subject
        )

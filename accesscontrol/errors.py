"""The few anticipated failures: each is a sentence fit for the user that says what to do."""


class Refused(Exception):
    """A verb refuses what it was asked; nothing was changed.

    ``message`` is shown as it is, ``pointer`` (RFC 6901) names the field at fault where there
    is one, ``code`` is stable for programs.
    """

    code = "refused"

    def __init__(self, message: str, *, pointer: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.code = code or type(self).code


class NotAllowed(Refused):
    """The person or token lacks the right; the message names the role or scope that has it."""

    code = "not_allowed"


class NotFound(Refused):
    """Nothing stands under this name; the message names the nearest that does."""

    code = "not_found"


class Stale(Refused):
    """Somebody else changed the object since it was read."""

    code = "stale"


class NotRecorded(Exception):
    """The record could not be written, so there is no answer (HTTP 503)."""

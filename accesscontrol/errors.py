"""The failures that verbs raise on purpose. Each message tells the user what to do."""


class Refused(Exception):
    """A verb refuses a request and has changed nothing.

    ``message`` is shown to the user as it is. ``pointer`` (RFC 6901) names the field at fault, if
    there is one. ``code`` is stable, for programs.
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
    """No object has this name. The message names the nearest one that exists."""

    code = "not_found"


class Stale(Refused):
    """Another person changed the object since it was read."""

    code = "stale"


class NotRecorded(Exception):
    """The record could not be written, so there is no answer (HTTP 503)."""

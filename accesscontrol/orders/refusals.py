"""The refusals of the verbs on orders and rules."""

from accesscontrol.errors import Refused
from accesscontrol.models import Preview
from accesscontrol.screening.preview import Difference


class CannotEnter(Refused):
    """The order, amendment or annex is incomplete, or contradicts what is on record."""

    code = "cannot_enter"


class CannotConfirm(Refused):
    """A second person is needed, or there is nothing left to confirm."""

    code = "cannot_confirm"


class CannotEdit(Refused):
    """The content is no rule of the language, or the version is no draft."""

    code = "cannot_edit"


class CannotPreview(Refused):
    """The version is decided already, or with it the next release would not be sound."""

    code = "cannot_preview"


class CannotSubmit(Refused):
    """The draft is not ready for an approver."""

    code = "cannot_submit"


class CannotApprove(Refused):
    """The person edited it, or it does not wait for approval."""

    code = "cannot_approve"


class ImpactChanged(CannotApprove):
    """The impact is not the one that was submitted. An approver who has seen it may confirm it.

    ``preview`` shows the impact now, and its id confirms it; ``difference`` says what differs.
    """

    code = "impact_changed"

    def __init__(self, message: str, *, preview: Preview, difference: Difference | None) -> None:
        super().__init__(message)
        self.preview = preview
        self.difference = difference


class CannotPublish(Refused):
    """It is not approved, it is stale, its period has passed, or a test case fails."""

    code = "cannot_publish"


class CannotRetire(Refused):
    """The rule is not in force and not scheduled."""

    code = "cannot_retire"

"""Access: the rights of each role, sign-in with lock-out, and the tokens of licensing systems."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accesscontrol import audit
from accesscontrol.errors import NotAllowed, Refused
from accesscontrol.models import ApiToken, Role, User

VIEWER, AUDITOR, OFFICER, APPROVER, ADMIN = (
    Role.VIEWER,
    Role.AUDITOR,
    Role.OFFICER,
    Role.APPROVER,
    Role.ADMIN,
)

# Every right and the roles that have it. An administrator manages people and approves nothing.
RIGHTS: dict[str, frozenset[Role]] = {
    "read": frozenset(Role),
    "export": frozenset({AUDITOR, OFFICER, APPROVER, ADMIN}),
    "order.enter": frozenset({OFFICER, APPROVER}),
    "order.read_confidential": frozenset({AUDITOR, OFFICER, APPROVER}),
    "policy.draft": frozenset({OFFICER, APPROVER}),
    "policy.approve": frozenset({APPROVER}),
    "policy.publish": frozenset({OFFICER, APPROVER}),
    "policy.emergency": frozenset({OFFICER, APPROVER}),
    "register.edit": frozenset({OFFICER, APPROVER}),
    "register.confirm": frozenset({OFFICER, APPROVER}),
    "case.decide": frozenset({OFFICER, APPROVER}),
    "hold.place": frozenset({OFFICER, APPROVER}),
    "list.import": frozenset({OFFICER, APPROVER}),
    "run.manage": frozenset({OFFICER, APPROVER}),
    "people.manage": frozenset({ADMIN}),
    "token.manage": frozenset({ADMIN}),
}

SCOPES = frozenset(
    {
        "decisions:ask",
        "decisions:explain",
        "decisions:whatif",
        "decisions:read",
        "policy:read",
        "policy:draft",
        "audit:read",
        "exports:create",
        "webhooks:manage",
    }
    | {
        f"{noun}:{verb}"
        for noun in ("licensees", "models", "licenses", "parties", "cases")
        for verb in ("read", "write")
    }
)

# The rights that a token can have, and the scope that each needs: to propose, and to stop or repeat
# a screening, which changes no answer. An action that needs a second person is for persons only.
SCOPE_OF_RIGHT = {"policy.draft": "policy:draft", "run.manage": "cases:write"}

FAILURES_BEFORE_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)
LONGEST_TOKEN = timedelta(days=365)
PREFIX = "eg_"


class SignInRefused(Refused):
    """The name or the password is wrong, or the account is locked.

    The message does not tell which names exist.
    """

    code = "sign_in_refused"


class InvalidToken(Refused):
    """The bearer token is missing, malformed, unknown, revoked or expired (HTTP 401)."""

    code = "invalid_token"


class InsufficientScope(NotAllowed):
    """The token lacks a scope (HTTP 403, RFC 6750)."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a token with the scope {scope}.")
        self.scope = scope


@dataclass(frozen=True)
class IssuedToken:
    """A new token and its text. The text is shown once and stored nowhere."""

    token: ApiToken
    text: str


def may(user: User, right: str) -> bool:
    """Whether the person has the right. An inactive person has none."""
    return bool(user.is_active) and Role(user.role) in RIGHTS[right]


def require(user: User | ApiToken | None, right: str, *, at: datetime | None = None) -> None:
    """Raise NotAllowed, which names the roles that have the right, unless the person has it.

    None is the system itself, which acts for rules that persons have approved. With ``at`` the
    refusal is logged, on a connection of its own.
    """
    if user is None or (isinstance(user, User) and may(user, right)):
        return
    if isinstance(user, ApiToken) and SCOPE_OF_RIGHT.get(right) in user.scopes:
        return
    roles = " or ".join(sorted(Role(role).label.lower() for role in RIGHTS[right]))
    if at is not None:
        audit.record_apart("access.refused", right, by=user, at=at, details={"right": right})
    raise NotAllowed(f"This needs the role {roles}. An administrator can give it to you.")


def sign_in(*, username: str, password: str, at: datetime) -> User:
    """Return the person with this name and password, or raise SignInRefused.

    Five failures lock the account for fifteen minutes. Success and failure are both logged. A
    failure is logged on a connection of its own, so that it stays if the request is rolled back.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=username).first()
        problem = _why_not(user, password, at)
        if user is not None:
            _count(user, failed=problem is not None, at=at)
        if problem is None and user is not None:
            audit.record("access.signed_in", user, by=user, at=at)
            return user
    audit.record_apart("access.sign_in_failed", username[:150], by=None, at=at)
    raise SignInRefused(problem or "")


def prefer(*, user: User, theme: str, shortcuts: bool) -> None:
    """Store how a person likes the screens. It concerns that person only, so it is not logged."""
    user.theme, user.shortcuts = theme, shortcuts
    user.save(update_fields=["theme", "shortcuts"])


def _why_not(user: User | None, password: str, at: datetime) -> str | None:
    if user is not None and user.locked_until and user.locked_until > at:
        return f"Too many failed attempts. Try again after {user.locked_until:%H:%M} UTC."
    if user is None:
        User().set_password(password)  # as slow as a check, so that the time tells no names
    elif user.is_active and user.check_password(password):
        return None
    return "The name or the password is wrong."


def _count(user: User, *, failed: bool, at: datetime) -> None:
    if user.locked_until and user.locked_until > at:
        return
    user.failed_sign_ins = user.failed_sign_ins + 1 if failed else 0
    user.locked_until = at + LOCKED_FOR if user.failed_sign_ins >= FAILURES_BEFORE_LOCK else None
    if user.locked_until:
        user.failed_sign_ins = 0
    user.save(update_fields=["failed_sign_ins", "locked_until"])


def issue_token(
    *, name: str, scopes: Iterable[str], expires_at: datetime, by: User | None, at: datetime
) -> IssuedToken:
    """Make a token. Its text is in the answer and nowhere else. No scope can approve or publish."""
    require(by, "token.manage", at=at)
    asked = sorted(set(scopes))
    if not asked or not SCOPES.issuperset(asked):
        unknown = ", ".join(sorted(set(asked) - SCOPES)) or "none given"
        raise Refused(f"Unknown scopes: {unknown}. Choose among {', '.join(sorted(SCOPES))}.")
    if not at < expires_at <= at + LONGEST_TOKEN:
        raise Refused("A token lasts a year at most: choose an earlier expiry after now.")
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            name=name,
            key_id=key_id,
            secret_hmac=_hmac(secret),
            scopes=asked,
            created_by=by,
            created_at=at,
            expires_at=expires_at,
        )
        audit.record("token.issued", token, by=by, at=at, details={"scopes": asked})
    return IssuedToken(token, f"{PREFIX}{key_id}.{secret}")


def revoke_token(*, token: ApiToken, by: User, at: datetime, because: str) -> None:
    """End a token at once."""
    require(by, "token.manage", at=at)
    with transaction.atomic():
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)
        audit.record("token.revoked", token, by=by, at=at, because=because)


def authenticate(text: str, *, at: datetime) -> ApiToken:
    """Return the token of a bearer text, or raise InvalidToken, which says what is wrong."""
    key_id, dot, secret = text.removeprefix(PREFIX).partition(".")
    if not text.startswith(PREFIX) or not dot or "\x00" in text:
        raise InvalidToken("The token is not of the form eg_<key>.<secret>.")
    token = ApiToken.objects.filter(key_id=key_id[:32]).first()
    if token is None or not hmac.compare_digest(bytes(token.secret_hmac), _hmac(secret)):
        raise InvalidToken("The token is unknown.")
    if token.revoked_at is not None and token.revoked_at <= at:
        raise InvalidToken("The token was revoked. Ask an administrator for a new one.")
    if token.expires_at <= at:
        raise InvalidToken("The token has expired. Ask an administrator for a new one.")
    return token


def require_scope(token: ApiToken, scope: str) -> None:
    """Raise InsufficientScope unless the token has the scope."""
    if scope not in token.scopes:
        raise InsufficientScope(scope)


def _hmac(secret: str) -> bytes:
    """The only form in which a secret is stored: HMAC-SHA256 with the installation's pepper."""
    return hmac.new(settings.TOKEN_PEPPER.encode(), secret.encode(), hashlib.sha256).digest()

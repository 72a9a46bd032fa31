"""Sign-in with lock-out, rights by role, tokens of which only an HMAC is kept."""

from datetime import UTC, datetime, timedelta

import pytest

from accesscontrol import access
from accesscontrol.errors import NotAllowed, Refused
from accesscontrol.models import ApiToken, AuditEvent, Role, User

AT = datetime(2026, 6, 12, 21, 21, tzinfo=UTC)

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def admin() -> User:
    return User.objects.create_user("ada", password="correct horse", role="admin")


def issue(admin: User, **changes: object) -> access.IssuedToken:
    asked = {"name": "gateway", "scopes": ["decisions:ask"], "expires_at": AT + timedelta(days=90)}
    return access.issue_token(**{**asked, **changes}, by=admin, at=AT)  # type: ignore[arg-type]


def test_the_right_password_signs_in_and_is_logged(admin: User) -> None:
    assert access.sign_in(username="ada", password="correct horse", at=AT) == admin
    assert AuditEvent.objects.filter(kind="access.signed_in", actor_id="ada").exists()


def test_a_wrong_name_and_a_wrong_password_get_the_same_words(admin: User) -> None:
    words = set()
    for name in ("ada", "nobody"):
        with pytest.raises(access.SignInRefused) as refused:
            access.sign_in(username=name, password="wrong", at=AT)
        words.add(refused.value.message)
    assert len(words) == 1


def test_five_failures_lock_the_account_for_fifteen_minutes(admin: User) -> None:
    for _ in range(5):
        with pytest.raises(access.SignInRefused):
            access.sign_in(username="ada", password="wrong", at=AT)
    with pytest.raises(access.SignInRefused, match="Too many failed attempts"):
        access.sign_in(username="ada", password="correct horse", at=AT + timedelta(minutes=14))
    assert access.sign_in(username="ada", password="correct horse", at=AT + timedelta(minutes=16))


def test_a_disabled_account_does_not_sign_in(admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(is_active=False)
    with pytest.raises(access.SignInRefused):
        access.sign_in(username="ada", password="correct horse", at=AT)


def test_an_administrator_approves_nothing(admin: User) -> None:
    for right in ("policy.draft", "policy.approve", "policy.publish", "register.confirm"):
        with pytest.raises(NotAllowed, match="role"):
            access.require(admin, right)


def test_every_role_can_read_and_no_right_is_without_a_role() -> None:
    assert access.RIGHTS["read"] == frozenset(Role)
    assert all(access.RIGHTS.values())


def test_a_refusal_names_the_role_and_is_logged(admin: User) -> None:
    with pytest.raises(NotAllowed, match="approver"):
        access.require(admin, "policy.approve", at=AT)
    assert AuditEvent.objects.filter(kind="access.refused", actor_id="ada").exists()


def test_a_token_is_known_by_its_text_and_its_secret_is_nowhere(admin: User) -> None:
    issued = issue(admin)
    assert access.authenticate(issued.text, at=AT) == issued.token
    secret = issued.text.split(".")[1]
    row = ApiToken.objects.get()
    assert secret.encode() not in bytes(row.secret_hmac)
    assert not AuditEvent.objects.filter(payload__contains=secret).exists()


@pytest.mark.parametrize("text", ["", "eg_", "eg_x", "eg_x.y", "Bearer z", "eg_\x00.y", "eg_é.ü"])
def test_a_malformed_or_unknown_token_is_refused(text: str) -> None:
    with pytest.raises(access.InvalidToken):
        access.authenticate(text, at=AT)


def test_an_expired_and_a_revoked_token_are_refused(admin: User) -> None:
    issued = issue(admin, expires_at=AT + timedelta(days=1))
    with pytest.raises(access.InvalidToken, match="expired"):
        access.authenticate(issued.text, at=AT + timedelta(days=1))
    access.revoke_token(token=issued.token, by=admin, at=AT, because="Leaked")
    with pytest.raises(access.InvalidToken, match="revoked"):
        access.authenticate(issued.text, at=AT)


def test_no_scope_can_approve_or_publish(admin: User) -> None:
    assert not [scope for scope in access.SCOPES if "approve" in scope or "publish" in scope]
    with pytest.raises(Refused, match="Unknown scopes"):
        issue(admin, scopes=["policy:publish"])


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_token_lasts_a_year_at_most(admin: User, days: int) -> None:
    with pytest.raises(Refused, match="a year at most"):
        issue(admin, expires_at=AT + timedelta(days=days))


def test_an_officer_issues_no_tokens() -> None:
    officer = User.objects.create_user("mina", password="x", role="officer")
    with pytest.raises(NotAllowed):
        issue(officer)

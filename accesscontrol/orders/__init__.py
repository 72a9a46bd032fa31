"""Orders and the rules that implement them, from an order's receipt to a published rule.

An officer enters an order, drafts a rule under it and submits it; a second person approves it.
Publishing it is one transaction: it ends what the rule supersedes, makes a release, writes the log
and starts a screening.
"""

from accesscontrol.orders.amendments import (
    Notice,
    amend,
    annex,
    confirm_annex,
    confirm_lift,
    lift,
    strike_from_annex,
    waiting_lift,
)
from accesscontrol.orders.approval import approve, reject, request_changes, submit, withdraw
from accesscontrol.orders.drafts import comment, draft, duplicate, edit, editors, newest_published
from accesscontrol.orders.emergencies import (
    alarm_overdue_emergencies,
    confirm_emergency,
    emergencies_to_confirm,
    emergency_deny,
)
from accesscontrol.orders.installation import GroupMembership, Policy, install
from accesscontrol.orders.instruments import Instrument, acknowledge, enter, read_text
from accesscontrol.orders.language import parsed
from accesscontrol.orders.previews import newest_preview, preview, preview_now
from accesscontrol.orders.publication import ensure_publishable, publish, retire
from accesscontrol.orders.refusals import (
    CannotApprove,
    CannotConfirm,
    CannotEdit,
    CannotEnter,
    CannotPreview,
    CannotPublish,
    CannotRetire,
    CannotSubmit,
    ImpactChanged,
)
from accesscontrol.orders.rule_cases import (
    CaseResult,
    add_test_case,
    remove_test_case,
    run_test_cases,
)
from accesscontrol.orders.terms import Plan, in_force, plan
from accesscontrol.orders.timeline import Step, Timeline, timeline

__all__ = [
    "CannotApprove",
    "CannotConfirm",
    "CannotEdit",
    "CannotEnter",
    "CannotPreview",
    "CannotPublish",
    "CannotRetire",
    "CannotSubmit",
    "CaseResult",
    "GroupMembership",
    "ImpactChanged",
    "Instrument",
    "Notice",
    "Plan",
    "Policy",
    "Step",
    "Timeline",
    "acknowledge",
    "add_test_case",
    "alarm_overdue_emergencies",
    "amend",
    "annex",
    "approve",
    "comment",
    "confirm_annex",
    "confirm_emergency",
    "confirm_lift",
    "draft",
    "duplicate",
    "edit",
    "editors",
    "emergencies_to_confirm",
    "emergency_deny",
    "ensure_publishable",
    "enter",
    "in_force",
    "install",
    "lift",
    "newest_preview",
    "newest_published",
    "parsed",
    "plan",
    "preview",
    "preview_now",
    "publish",
    "read_text",
    "reject",
    "remove_test_case",
    "request_changes",
    "retire",
    "run_test_cases",
    "strike_from_annex",
    "submit",
    "timeline",
    "waiting_lift",
    "withdraw",
]  # fmt: skip

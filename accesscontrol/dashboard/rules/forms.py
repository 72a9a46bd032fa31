"""The forms of a rule: its fields other than conditions, a reason for a step, a test case."""

from typing import Any

from django import forms

from accesscontrol.dashboard.moments import MomentField, ZonedForm, zones
from accesscontrol.dashboard.shell import plain
from accesscontrol.models import Order

EFFECTS = (
    ("deny", "Deny"),
    ("license_required", "License required"),
    ("review", "Review"),
)
REVIEW_POLICIES = (
    ("", "Not stated"),
    ("presumption_of_denial", "Presumption of denial"),
    ("policy_of_denial", "Policy of denial"),
    ("case_by_case", "Case by case"),
    ("presumption_of_approval", "Presumption of approval"),
)


class RuleForm(ZonedForm):
    """The fields of a rule other than its conditions."""

    title = forms.CharField(max_length=300, help_text="What it does, in one line.")
    citation = forms.CharField(max_length=300, help_text="The clause it carries out.")
    effect = forms.ChoiceField(choices=EFFECTS, widget=forms.RadioSelect, initial="deny")
    license_review_policy = forms.ChoiceField(
        choices=REVIEW_POLICIES, required=False, help_text="Only where a license is required."
    )
    effective_from = MomentField(label="In force from")
    effective_until = MomentField(label="In force until", required=False)
    report_only_until = MomentField(
        label="Report only until",
        required=False,
        help_text="Until then it is judged and recorded, and refuses nobody. Empty: enforced.",
    )
    because = forms.CharField(
        label="Reason for this change",
        max_length=1000,
        help_text="The approver reads it, and so does the audit log.",
    )

    def __init__(self, *args: Any, zone: str = "", policy: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zones = zones(zone)
        self.field("zone", forms.ChoiceField).choices = self.zones
        if policy and policy not in dict(REVIEW_POLICIES):
            more = [*REVIEW_POLICIES, (policy, policy.replace("_", " "))]
            self.field("license_review_policy", forms.ChoiceField).choices = more


class NewRuleForm(RuleForm):
    """The fields of a new rule, which also needs a reference and an order."""

    ref = forms.CharField(label="Reference", max_length=100, help_text="Such as R-0042.")
    order = forms.ModelChoiceField(
        Order.objects.order_by("-received_at"),
        to_field_name="reference",
        empty_label="Choose an order",
    )


class ReasonForm(plain.Form):
    """The reason of a step."""

    because = forms.CharField(label="Reason", max_length=1000)


class TestCaseForm(plain.Form):
    """Facts, one a line, and the outcome that this rule alone must give."""

    name = forms.CharField(max_length=200, help_text="What it shows, such as: US person in the US.")
    facts = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
        help_text="One a line: licensee.hq_country = CN. A fact left out is unknown.",
    )
    outcome = forms.ChoiceField(
        label="Expected outcome",
        choices=(
            ("permit", "Allowed"),
            ("deny", "Denied"),
            ("license_required", "License required"),
            ("review", "Review"),
            ("undetermined", "Can't decide"),
        ),
    )

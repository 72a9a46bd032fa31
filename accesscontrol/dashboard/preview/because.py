"""Which of the rule's conditions catch a licensee, said from the facts as the preview knew them."""

from collections.abc import Mapping, Sequence
from typing import Any

from accesscontrol import facts, policy
from accesscontrol.errors import Refused
from accesscontrol.models import AffectedLicensee, Offering, Preview
from accesscontrol.orders import language

Pair = tuple[AffectedLicensee, Offering]


def own_rule(pairs: Sequence[Pair], preview: Preview) -> dict[int, str]:
    """Licensee id → `The licensee is headquartered in India.`; nothing where it cannot be said."""
    release = _alone(preview) if pairs else None
    if release is None:
        return {}
    when = {"at": preview.judged_at, "known_at": preview.created_at}
    licensees = facts.about_licensees({row.licensee_id for row, _ in pairs}, **when)
    models = facts.about_models({offering.model_id for _, offering in pairs}, **when)
    said = {
        row.licensee_id: _said(
            release,
            licensees[row.licensee_id],
            models[offering.model_id].facts,
            offering.activity,
            preview,
        )
        for row, offering in pairs
    }
    return {pk: sentence for pk, sentence in said.items() if sentence}


def _alone(preview: Preview) -> policy.Release | None:
    """A release of the previewed rule and no other; None where today's vocabulary refuses it."""
    try:
        return policy.parse_release({**language.ground(preview.created_at), "rules": preview.rules})
    except (policy.PolicyError, Refused):
        return None


def _said(
    release: policy.Release,
    about: facts.Sourced,
    of_model: Mapping[str, Any],
    activity: str,
    preview: Preview,
) -> str:
    known = {
        **about.facts,
        **of_model,
        "request.activity": activity,
        "entitlement.status": "active",
    }
    verdict = policy.judge(
        release,
        facts=known,
        licenses=about.licenses,
        dispositions=about.dispositions,
        at=preview.judged_at,
        standing=True,
    )
    if not verdict.reasons:
        return ""
    sentence = policy.explain(release, verdict, preview.judged_at)[verdict.reasons[0].rule]
    return f"{sentence.rpartition(': ')[0]}."  # what follows stands in its own column

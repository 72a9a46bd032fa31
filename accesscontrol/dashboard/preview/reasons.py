"""Says why the previewed rule applies to a licensee, from the facts that the preview knew."""

from collections.abc import Mapping, Sequence
from typing import Any

from accesscontrol import facts, policy
from accesscontrol.errors import Refused
from accesscontrol.models import AffectedLicensee, Offering, Preview
from accesscontrol.orders import language

Pair = tuple[AffectedLicensee, Offering]


def of_own_rule(pairs: Sequence[Pair], preview: Preview) -> dict[int, str]:
    """Licensee id → `The licensee is headquartered in India.`; left out if it cannot be said."""
    release = _release_of_rule(preview) if pairs else None
    if release is None:
        return {}
    when = {"at": preview.judged_at, "known_at": preview.created_at}
    licensees = facts.about_licensees({row.licensee_id for row, _ in pairs}, **when)
    models = facts.about_models({offering.model_id for _, offering in pairs}, **when)
    sentences = {
        row.licensee_id: _sentence(
            release,
            licensees[row.licensee_id],
            models[offering.model_id].facts,
            offering.activity,
            preview,
        )
        for row, offering in pairs
    }
    return {pk: sentence for pk, sentence in sentences.items() if sentence}


def _release_of_rule(preview: Preview) -> policy.Release | None:
    """A release of the previewed rule only. None if the current vocabulary refuses the rule."""
    try:
        return policy.parse_release({**language.ground(preview.created_at), "rules": preview.rules})
    except (policy.PolicyError, Refused):
        return None


def _sentence(
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
    return f"{sentence.rpartition(': ')[0]}."  # the rest is in a column of its own

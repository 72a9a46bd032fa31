"""The evidence of a case, for the person who decides it: question, rules, facts, listed party."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from accesscontrol import facts, policy, releases
from accesscontrol.dashboard.rules import operands
from accesscontrol.dashboard.shell import confidential, words
from accesscontrol.models import (
    AIModel,
    Case,
    Disposition,
    Hold,
    ListedParty,
    Match,
    RestrictedList,
    Rule,
    User,
)
from accesscontrol.policy import COUNTRIES

NOT_KNOWN = "not on record"


def of(case: Case, *, user: User, at: datetime) -> dict[str, Any]:
    """The context of the middle pane."""
    offerings = _offerings(case.evidence.get("offerings", []))
    shown = {
        "question": _question(case),
        "offerings": offerings,
        "holds": Hold.objects.filter(entitlement__licensee=case.licensee, released_at=None).count(),
        "dispositions": list(Disposition.objects.filter(case=case).select_related("entered_by")),
    }
    if case.kind == Case.Kind.MATCH:
        return {**shown, **_match(case, at)}
    known = facts.about_licensees([case.licensee_id], at=at)[case.licensee_id].facts
    rules = _rules(_named(case), user)
    if case.kind == Case.Kind.UNDETERMINED:
        missing = [_missing(name) for name in case.evidence.get("missing", [])]
        return {**shown, "rules": rules, "missing": missing, "facts": _known(known)}
    reads = {name for rule in rules for name in rule["reads"]}
    rows = [_fact(name, known) for name in sorted(reads) if name.startswith("licensee.")]
    rows += _of_models(case, sorted(name for name in reads if name.startswith("model.")), at)
    return {**shown, "rules": rules, "facts": rows}


def _of_models(case: Case, names: list[str], at: datetime) -> list[dict[str, Any]]:
    """The facts of the case's models that the rules read."""
    refs = {offering["model"] for offering in case.evidence.get("offerings", [])}
    models = AIModel.objects.in_bulk(refs, field_name="ref") if names else {}
    known = facts.about_models([model.pk for model in models.values()], at=at) if models else {}
    return [
        _fact(name, known[model.pk].facts) | {"label": f"{model.name}: {words.attribute(name)}"}
        for model in models.values()
        for name in names
        if model.pk in known and name not in ("model.id",)
    ]


def _question(case: Case) -> str:
    name = case.licensee.name
    if case.kind == Case.Kind.MATCH:
        return f"Is {name} this listed party?"
    if case.kind == Case.Kind.UNDETERMINED:
        return f"What is not known about {name}?"
    return f"May {name} go on despite {case.subject}?"


def _named(case: Case) -> list[tuple[str, int | None]]:
    if case.kind == Case.Kind.REVIEW:
        return [(case.evidence.get("rule", ""), case.evidence.get("version"))]
    return [(ref, None) for ref in case.evidence.get("rules", [])]


def _rules(named: Iterable[tuple[str, int | None]], user: User) -> list[dict[str, Any]]:
    """Each rule in a sentence. A rule of a confidential order needs the right."""
    wanted = dict(named)
    rows = {rule.ref: rule for rule in Rule.objects.filter(ref__in=wanted).select_related("order")}
    try:
        current = releases.current().policy
    except releases.NoRelease:
        return []
    shown = []
    for rule in current.rules:
        version = wanted.get(rule.ref, 0)
        row = rows.get(rule.ref)
        if version not in (None, rule.version) or row is None:
            continue
        open_ = confidential.is_open(row.order, user)
        sentence = policy.sentence(rule, current) if open_ else confidential.NEUTRAL
        shown.append(
            {
                "ref": rule.ref,
                "title": rule.title if open_ else "Confidential",
                "sentence": sentence,
                "order": row.order,
                "effect": rule.effect,
                "reads": rule.attributes,
            }
        )
    return shown


def _match(case: Case, at: datetime) -> dict[str, Any]:
    match = (
        Match.objects.filter(pk=case.evidence.get("match"))
        .select_related("party", "restricted_list")
        .first()
    )
    party = match.party if match else None
    listed: RestrictedList | None = match.restricted_list if match else None
    return {
        "match": match,
        "list": listed,
        "party": party,
        "rows": _compared(case, party, at) if party else [],
        "notice": _notice(party),
    }


def _compared(case: Case, party: ListedParty, at: datetime) -> list[dict[str, Any]]:
    """The licensee beside the listed party, field by field, with the result of the comparison."""
    licensee, content = case.licensee, party.content
    names = [row.name for row in party.names.all()[:12]]
    matched = case.evidence.get("name") or party.name
    aliases = "; ".join(names[1:6]) or "none"
    same_name = any(name.casefold() == licensee.name.casefold() for name in names)
    country = _country(licensee.country)
    addresses = str(content.get("addresses") or content.get("country") or "")
    in_address = bool(licensee.country) and licensee.country in addresses.replace(",", " ").split()
    name = "same name" if same_name else f"alike: {matched}"
    address = "same country" if in_address else "no evidence"
    ids = str(content.get("ids") or "not listed")[:200]
    return [
        _pair("Name", licensee.name, party.name, name, hit=True),
        _pair("Also called", "", aliases, ""),
        _pair("Country", country, addresses[:200] or "not listed", address, hit=in_address),
        _pair("Registration no.", licensee.registration_number or NOT_KNOWN, ids, "no evidence"),
        _pair("Kind", "Licensee", party.kind or "not listed", ""),
    ]


def _pair(
    field: str, licensee: str, party: str, result: str, *, hit: bool = False
) -> dict[str, Any]:
    return {"field": field, "licensee": licensee, "party": party, "hit": hit, "result": result}


def _notice(party: ListedParty | None) -> list[tuple[str, str]]:
    """The listing's own data: programs, notice, dates, remarks."""
    if party is None:
        return []
    wanted = (
        ("programs", "Program"),
        ("federal_register_notice", "Notice"),
        ("start_date", "Since"),
        ("license_requirement", "License requirement"),
        ("remarks", "Remarks"),
        ("source_list_url", "List"),
    )
    return [
        (label, str(party.content[name])[:300]) for name, label in wanted if party.content.get(name)
    ]


def _missing(name: str) -> dict[str, str]:
    return {"name": name, "label": words.attribute(name)}


def _known(known: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = (
        "licensee.country",
        "licensee.hq_country",
        "licensee.ultimate_parent_country",
        "licensee.sector",
        "licensee.end_user_type",
    )
    return [_fact(name, known) for name in wanted]


def _fact(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    value = known.get(name)
    built_in = policy.built_in(name)
    sets = value if isinstance(value, list) and value else None
    if built_in is not None and (built_in.type in ("country", "share") or sets):
        shown = operands.in_words(built_in.type, value) if name in known else ""
    else:
        shown = words.plain(value)
    return {
        "name": name,
        "label": words.attribute(name),
        "value": shown if name in known else "",
        "known": name in known,
    }


def _country(code: str) -> str:
    return f"{COUNTRIES[code]} ({code})" if code in COUNTRIES else code or NOT_KNOWN


def _offerings(rows: list[Mapping[str, str]]) -> list[str]:
    names = dict(
        AIModel.objects.filter(ref__in={row["model"] for row in rows}).values_list("ref", "name")
    )
    return [
        f"{names.get(row['model'], row['model'])}: "
        f"{words.ACTIVITIES.get(row['activity'], row['activity']).lower()}"
        for row in rows
    ]

"""The law as rules: one entry a rule version, each with the regulation that it comes from.

The dates are those of the law. This is not legal advice. Officers change these rules in the same
way as their own.
"""

from typing import Final

from accesscontrol.starter.wording import (
    CONTROLLED,
    HEADQUARTERS,
    PLACES,
    TO_RELEASE,
    WEIGHTS,
    Json,
    affiliates,
    all_of,
    any_of,
    anywhere,
    d5_or_macau,
    leaf,
    listed,
    no,
    rule,
)

LISTS: Final = {
    "SDN": "Specially Designated Nationals",
    "DPL": "Denied Persons List",
    "EL": "Entity List",
    "MEU": "Military End User List",
    "UVL": "Unverified List",
}

END_USES: Final = {
    "commercial": "Commercial",
    "research": "Research",
    "education": "Education",
    "government_civil": "Government, civil",
    "medical": "Medical",
    "cyber_defense": "Cyber defense",
    "military": "Military",
    "military_intelligence": "Military intelligence",
    "surveillance": "Surveillance",
    "nuclear": "Nuclear",
    "missile": "Missile",
    "chemical_biological": "Chemical or biological weapons",
    "advanced_computing": "Advanced computing or advanced-node chips",
}

ORDERS: Final = (
    ("EAR-746", "15 CFR Part 746", "Embargoes and other special controls", "1996-03-25"),
    ("EAR-744.23", "15 CFR 744.23(a)(3)", "Headquartered in D:5 or Macau", "2023-11-17"),
    ("EAR-764", "15 CFR 764; 736.2(b)(4)", "Denied persons", "1996-03-25"),
    ("OFAC-SDN", "31 CFR 501; 15 CFR 744.8", "Blocked persons and what they own", "1996-03-25"),
    ("EAR-744.11", "15 CFR 744.11; Supplement No. 4 to Part 744", "Entity List", "1997-02-03"),
    ("AFFILIATES-RULE", "15 CFR 744.11(a)", "50 % Affiliates Rule", "2025-09-29"),
    ("EAR-744.15", "15 CFR 744.15", "Unverified List", "2014-01-21"),
    ("EAR-744.21", "15 CFR 744.21", "Military end use and end users", "2020-06-29"),
    ("EAR-744.22", "15 CFR 744.22", "Military-intelligence end use and end users", "2021-03-16"),
    ("AI-DIFFUSION", "90 FR 4544", "Framework for AI diffusion; on the books, not enforced",
     "2025-01-15"),
    ("EAR-734.13", "15 CFR 734.13(a)(2), (b)", "Deemed exports", "2016-09-01"),
    ("EAR-732-RED-FLAGS", "Supplement No. 3 to 15 CFR Part 732", "Know your customer, red flags",
     "1996-03-25"),
)  # fmt: skip

INTERNAL: Final = (
    "SAFETY-1",
    "Company directive SAFETY-1",
    "No use of a model with an open jailbreak finding without review",
    "2026-01-01",
)

RULES: Final[tuple[Json, ...]] = (
    rule(
        "EMBARGO",
        title="Embargoed destinations: residence, headquarters, ultimate parent, place of access",
        order="EAR-746",
        citation="15 CFR 746; Country Groups E:1 and E:2",
        effect="license_required",
        license_review_policy="policy_of_denial",
        when=anywhere(PLACES, "E:1", "E:2"),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "EMBARGO-REGIONS",
        title="Crimea, Sevastopol, Donetsk and Luhansk regions of Ukraine",
        order="EAR-746",
        citation="15 CFR 746.6",
        effect="license_required",
        license_review_policy="policy_of_denial",
        when=all_of(
            leaf("is", "request.location_country", "UA"),
            leaf("one_of", "request.location_region", ["UA-09", "UA-14", "UA-40", "UA-43"]),
        ),
        effective_from="2022-02-22T05:00:00Z",
    ),
    rule(
        "HEADQUARTERS",
        title="Controlled items for anybody headquartered, or with a parent, in D:5 or Macau",
        order="EAR-744.23",
        citation="15 CFR 744.23(a)(3); 742.6(a)(6)(iii)(A); guidance of 2026-05-31",
        effect="license_required",
        license_review_policy="presumption_of_denial",
        when=all_of(CONTROLLED, d5_or_macau(HEADQUARTERS)),
        effective_from="2023-11-17T05:00:00Z",
    ),
    rule(
        "DENIED-PERSON",
        title="Denied persons",
        order="EAR-764",
        citation="15 CFR 736.2(b)(4); 764.3(a)(2)",
        effect="deny",
        when=listed("DPL"),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "BLOCKED-PERSON",
        title="Blocked persons",
        order="OFAC-SDN",
        citation="31 CFR Part 501; 15 CFR 744.8",
        effect="deny",
        when=listed("SDN"),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "OFAC-50",
        title="Owned to 50 % or more by blocked persons",
        order="OFAC-SDN",
        citation="OFAC guidance of 2014-08-13 on entities owned by blocked persons; FAQ 401",
        effect="deny",
        when=leaf("is", "licensee.captured_by_ownership.ofac", True),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "ENTITY-LIST",
        title="Parties on the Entity List",
        order="EAR-744.11",
        citation="15 CFR 744.11; Supplement No. 4 to Part 744",
        effect="license_required",
        license_review_policy="presumption_of_denial",
        when=listed("EL"),
        effective_from="2021-01-01T05:00:00Z",
    ),
    affiliates(1, "2025-09-29T04:00:00Z", "2025-11-10T05:00:00Z"),
    affiliates(2, "2026-11-10T05:00:00Z", None),
    rule(
        "RED-FLAG-29",
        title="A listed party owns a minority of the licensee",
        order="EAR-732-RED-FLAGS",
        citation="Supplement No. 3 to 15 CFR Part 732, red flag 29",
        effect="review",
        when=leaf("at_least", "licensee.restricted_owner_share.bis_affiliates", 1),
        effective_from="2025-09-29T04:00:00Z",
    ),
    rule(
        "POSSIBLE-MATCH",
        title="The name may be that of a listed party",
        order="EAR-732-RED-FLAGS",
        citation="Supplement No. 3 to 15 CFR Part 732, red flag 1",
        effect="review",
        when=any_of(*(listed(code, "possible") for code in sorted(LISTS))),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "UNVERIFIED",
        title="Parties on the Unverified List without a statement on file",
        order="EAR-744.15",
        citation="15 CFR 744.15(b)",
        effect="review",
        when=listed("UVL"),
        unless=[
            {
                "ref": "uvl-statement",
                "citation": "15 CFR 744.15(b): statement obtained",
                "when": leaf("contains", "licensee.statements_on_file", "uvl_statement"),
                "effective_from": "2021-01-01T05:00:00Z",
                "effective_until": None,
            }
        ],
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "MILITARY-END-USE",
        title="Military end use, and parties on the Military End User List",
        order="EAR-744.21",
        citation="15 CFR 744.21; Supplements No. 2 and 7 to Part 744",
        effect="license_required",
        license_review_policy="presumption_of_denial",
        when=any_of(
            listed("MEU"),
            all_of(
                leaf("is", "request.end_use", "military"),
                anywhere(PLACES, "MEU_744_21", "MEU_744_21_ALL_ITEMS"),
            ),
        ),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "MILITARY-INTELLIGENCE",
        title="Military-intelligence end use or end user",
        order="EAR-744.22",
        citation="15 CFR 744.22(a)",
        effect="license_required",
        license_review_policy="presumption_of_denial",
        when=all_of(
            any_of(
                leaf("is", "request.end_use", "military_intelligence"),
                leaf("is", "licensee.end_user_type", "military_intelligence"),
            ),
            anywhere(PLACES, "MIEU_744_22"),
        ),
        effective_from="2021-03-16T04:00:00Z",
    ),
    rule(
        "WEIGHTS-4E091",
        title="Weights of closed models trained with 1e26 operations or more",
        order="AI-DIFFUSION",
        citation="ECCN 4E091; 90 FR 4544, 15 CFR 742.6(a)(13)",
        effect="license_required",
        license_review_policy="presumption_of_denial",
        when=all_of(
            WEIGHTS,
            leaf("at_least", "model.training_ops", "1e26"),
            leaf("is", "model.weights_published", False),
            leaf("one_of", "request.activity", ["download_weights", "transfer_in_country"]),
        ),
        unless=[
            {
                "ref": "aia",
                "citation": "License Exception AIA, 15 CFR 740.27",
                "when": all_of(
                    any_of(
                        leaf("in_group", "licensee.country", "AIA_SUPP5A"),
                        leaf("is", "licensee.country", "US"),
                    ),
                    any_of(
                        leaf("in_group", "licensee.hq_country", "AIA_SUPP5A"),
                        leaf("is", "licensee.hq_country", "US"),
                    ),
                ),
                "effective_from": "2025-05-15T04:00:00Z",
                "effective_until": None,
            }
        ],
        effective_from="2025-05-15T04:00:00Z",
        report_only_until="2027-05-15T04:00:00Z",
    ),
    rule(
        "DEEMED-EXPORT",
        title="Release of controlled technology to a national of D:5 or Macau",
        order="EAR-734.13",
        citation="15 CFR 734.13(a)(2), (b); exempt persons: 8 USC 1324b(a)(3)",
        effect="license_required",
        license_review_policy="case_by_case",
        when=all_of(
            CONTROLLED,
            TO_RELEASE,
            no(leaf("is", "user.us_person", True)),
            d5_or_macau(("user.most_recent_nationality",)),
        ),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "RED-FLAG",
        title="A red flag is open",
        order="EAR-732-RED-FLAGS",
        citation="Supplement No. 3 to 15 CFR Part 732",
        effect="review",
        when=leaf("at_least", "licensee.red_flags_open", 1),
        effective_from="2021-01-01T05:00:00Z",
    ),
    rule(
        "JAILBREAK",
        title="A jailbreak finding on the model is open",
        order="SAFETY-1",
        citation="Company directive SAFETY-1",
        effect="review",
        when=leaf("at_least", "model.jailbreak_findings_open", 1),
        effective_from="2026-01-01T05:00:00Z",
    ),
)

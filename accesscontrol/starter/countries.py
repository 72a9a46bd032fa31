"""Country groups with their members, and territories with the countries that they belong to.

As of 2026-07-08 (groups D and E) and 2026-06-20 (group A). Earlier members are here only if they
are known. A change of the law is a new dated row, which an officer enters.
"""

from datetime import UTC, datetime
from typing import Final

# group → (citation, members)
GROUPS: Final[dict[str, tuple[str, str]]] = {
    "A:1": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group A:1, as of 2026-06-20",
        (
            "AR AT AU BE BG CA CH CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV MX "
            "NL NO NZ PL PT RO SE SI SK TR US ZA"
        ),
    ),
    "A:2": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group A:2, as of 2026-06-20",
        (
            "AR AT AU BE BG BR CA CH CZ DE DK ES FI FR GB GR HU IE IN IS IT JP KR LU NL NO NZ PL "
            "PT SE TR UA US ZA"
        ),
    ),
    "A:3": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group A:3, as of 2026-06-20",
        (
            "AR AT AU BE BG CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV "
            "MT MX NL NO NZ PL PT RO SE SI SK TR UA US"
        ),
    ),
    "A:4": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group A:4, as of 2026-06-20",
        (
            "AR AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT JP KR KZ LT LU "
            "LV MT MX NL NO NZ PL PT RO RS SE SI SK TR UA US ZA"
        ),
    ),
    "A:5": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group A:5, as of 2026-06-20",
        (
            "AR AT AU BE BG CA CH CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV NL "
            "NO NZ PL PT RO SE SI SK TR"
        ),
    ),
    "A:6": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group A:6, as of 2026-06-20",
        "AL CY IL MT MX SG TW ZA",
    ),
    "B": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group B (reconstructed: verify)",
        (
            "AD AE AF AG AL AO AR AT AU AW BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BZ CA CD "
            "CF CG CH CI CL CM CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FM "
            "FR GA GB GD GH GM GN GQ GR GT GW GY HN HR HT HU ID IE IL IN IS IT JM JO JP KE KI KM "
            "KN KR KW LB LC LI LK LR LS LT LU LV MA MC ME MG MH MK ML MR MT MU MV MW MX MY MZ NA "
            "NE NG NL NO NP NR NZ OM PA PE PG PH PK PL PT PW PY QA RO RS RW SA SB SC SD SE SG SI "
            "SK SL SM SN SO SR SS ST SV SX SZ TD TG TH TL TN TO TR TT TV TW TZ UA UG UY VA VC VU "
            "WS XK ZA ZM ZW"
        ),
    ),
    "D:1": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group D:1, as of 2026-07-08",
        "AM AZ BY CN GE IQ KG KH KP KZ LA LY MD MM MN MO NI RU TJ TM UZ VE VN YE",
    ),
    "D:2": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group D:2, as of 2026-07-08",
        "BY CU IL IQ IR KP LY PK RU VE",
    ),
    "D:3": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group D:3, as of 2026-07-08",
        (
            "AE AF AM AZ BH BY CN CU EG GE IL IQ IR JO KG KP KW KZ LB LY MD MM MN MO OM PK QA RU "
            "SA SY TJ TM TW UZ VE VN YE"
        ),
    ),
    "D:4": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group D:4, as of 2026-07-08",
        "AE BH BY CN EG IL IQ IR JO KP KW LB LY MO OM PK QA RU SA SY VE YE",
    ),
    "D:5": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group D:5, as of 2026-07-08",
        "AF BY CD CF CN CU ER HT IQ IR KP LB LY MM NI RU SD SO SS SY VE ZW",
    ),
    "E:1": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group E:1, as of 2026-07-08",
        "IR KP SY",
    ),
    "E:2": (
        "Supplement No. 1 to 15 CFR Part 740, Country Group E:2, as of 2026-07-08",
        "CU",
    ),
    "AIA_SUPP5A": (
        "Supplement No. 5 to 15 CFR Part 740, paragraph (a)",
        "AU BE CA DE DK ES FI FR GB IE IT JP KR NL NO NZ SE TW",
    ),
    "MEU_744_21": (
        "15 CFR 744.21, items of Supplement No. 2; Cambodia not verified since 2026-02-03",
        "CN KH MM NI VE",
    ),
    "MEU_744_21_ALL_ITEMS": (
        "15 CFR 744.21, all items subject to the EAR",
        "BY RU",
    ),
    "MIEU_744_22": (
        "15 CFR 744.22; Cambodia not verified since 2026-02-03",
        "BY CN CU IR KH KP MM NI RU SY VE",
    ),
}

# Memberships that ended: (group, country, until, citation). D:5 follows 22 CFR 126.1 at once. The
# EAR's own table dropped Cambodia on this day.
ENDED: Final = (
    (
        "D:5",
        "KH",
        datetime(2026, 2, 3, 5, tzinfo=UTC),
        "91 FR 5091: Cambodia removed from Country Group D:5, effective 2026-02-03",
    ),
)

# 15 CFR 738.3: a territory counts as itself and as the country that it belongs to. Macau has no
# parent here, since rules name it. Hong Kong counts as China since 2020-12-23.
TERRITORIES_CITATION: Final = "15 CFR 738.3; Hong Kong: 85 FR 83765, since 2020-12-23"
_TERRITORIES_OF: Final = {
    "AU": "CC CX HM NF",
    "CN": "HK",
    "DK": "FO GL",
    "FI": "AX",
    "FR": "BL GF GP MF MQ NC PF PM RE TF WF YT",
    "GB": "AI BM FK GG GI GS IM IO JE KY MS PN SH TC VG",
    "NL": "BQ",
    "NO": "BV SJ",
    "NZ": "CK NU TK",
    "US": "AS GU MP PR UM VI",
}
TERRITORIES: Final[dict[str, str]] = {
    code: parent for parent, codes in _TERRITORIES_OF.items() for code in codes.split()
}

"""Legal forms of companies, which names are compared without: "Acme GmbH" is "ACME".

All are written as normalization leaves them: lower-case Latin letters, no punctuation. A word about
the business (holding, group, bank, fund) is no legal form and stays in the name.
"""

# Forms at the end of a name. Several may follow each other ("GmbH & Co. KG").
TRAILING: frozenset[tuple[str, ...]] = frozenset(
    tuple(form.split())
    for form in """
    limited|ltd|ltda|limitada|llc|lc|llp|lp|lllp|plc|pllc|inc|incorporated|corp|corporation
    company|co|companies|cie|pvt|private|pte|pty|sdn|bhd|berhad|tbk|unlimited
    limited liability company|limited liability partnership|public limited company
    joint stock company|open joint stock company|closed joint stock company
    public joint stock company|private joint stock company|jsc|ojsc|cjsc|pjsc|pjs
    gmbh|ggmbh|mbh|ag|kg|kgaa|ohg|ug|ev|se|gesellschaft mit beschrankter haftung
    aktiengesellschaft|kommanditgesellschaft
    sa|sas|sasu|sarl|sarlu|eurl|snc|sci|scs|societe anonyme|societe a responsabilite limitee
    sociedad anonima|sociedad limitada|sociedad de responsabilidad limitada|sociedade anonima
    sa de cv|s de rl|s de rl de cv|sapi de cv|sociedad anonima de capital variable|sl|slu|slne
    spa|srl|srls|societa per azioni|societa a responsabilita limitata
    bv|nv|vof|cv|besloten vennootschap|naamloze vennootschap|bvba|sprl
    ab|aktiebolag|as|asa|aps|oy|oyj|abp|hf|ehf|ou|uab|sia|doo|dd|ad|ood|eood
    sro|as|spol s ro|kft|zrt|nyrt|rt|sp z oo|spzoo|spolka z ograniczona odpowiedzialnoscia
    spolka akcyjna|sc|sca|eireli|epp|me
    ooo|oao|zao|pao|ao|nao|tov|too|chp|ip
    obshchestvo s ogranichennoi otvetstvennostyu|aktsionernoe obshchestvo
    obshchestvo s ogranichennoy otvetstvennostyu|otkrytoe aktsionernoe obshchestvo
    zakrytoe aktsionernoe obshchestvo|publichnoe aktsionernoe obshchestvo
    fze|fzco|fzc|fz llc|fzllc|dmcc|wll|saoc|saog|psc|kscc|ksc|bsc|sal
    as|anonim sirketi|limited sirketi|ltd sti|ltd sirketi|sti
    kabushiki kaisha|kabushikigaisha|kk|godo kaisha|gk|yugen kaisha
    """.replace("\n", "|").split("|")
    if form.strip()
)

# Forms before the name, as some languages have them. The list is shorter, since the first word of a
# name says more than the last ("AS Roma").
LEADING: frozenset[tuple[str, ...]] = frozenset(
    tuple(form.split())
    for form in """
    ooo|oao|zao|pao|ao|nao|tov|too|pt|jsc|ojsc|cjsc|pjsc
    limited liability company|joint stock company|open joint stock company
    closed joint stock company|public joint stock company
    obshchestvo s ogranichennoi otvetstvennostyu|aktsionernoe obshchestvo
    obshchestvo s ogranichennoy otvetstvennostyu|otkrytoe aktsionernoe obshchestvo
    zakrytoe aktsionernoe obshchestvo|publichnoe aktsionernoe obshchestvo
    kabushiki kaisha|kk
    """.replace("\n", "|").split("|")
    if form.strip()
)

# Forms written without a space in their own script, longest first. Cut before transliteration.
GLUED: tuple[str, ...] = (
    "股份有限责任公司", "股份有限公司", "有限责任公司", "集团有限公司", "有限公司",
    "股份有限責任公司", "有限責任公司", "集團有限公司",
    "株式会社", "合同会社", "有限会社", "合資会社",
    "주식회사", "유한책임회사", "유한회사", "(주)", "㈜", "㈱",
)  # fmt: skip

LONGEST = max(len(form) for form in TRAILING | LEADING)

"""The register: licensees, models, their facts, owners and papers; every write is a verb."""

from accesscontrol.registry.aimodels import add_model, add_offering
from accesscontrol.registry.attestations import CannotAttest, attest, confirm_attestation, revoke
from accesscontrol.registry.clearances import (
    CannotClear,
    clear,
    confirm_clearance,
    confirm_match,
    revoke_clearance,
)
from accesscontrol.registry.concerns import (
    CannotResolve,
    confirm_incident,
    confirm_red_flag,
    open_red_flag,
    report_incident,
    resolve_incident,
    resolve_red_flag,
)
from accesscontrol.registry.consequences import together
from accesscontrol.registry.imports import ImportResult, import_licensees
from accesscontrol.registry.licensees import (
    CannotAdd,
    add_licensee,
    confirm_fact,
    edit_fact,
    rename,
    withdraw_fact,
)
from accesscontrol.registry.owners import (
    CannotOwn,
    OwnedBy,
    add_owner,
    add_party,
    confirm_owner,
    confirm_owners,
    declare_owners,
    revoke_declaration,
)
from accesscontrol.registry.papers import (
    CannotEnter,
    LicenseScope,
    Review,
    confirm_disposition,
    confirm_export_license,
    enter_disposition,
    enter_export_license,
    revoke_disposition,
    revoke_export_license,
)
from accesscontrol.registry.rights import AlreadyConfirmed, SamePerson
from accesscontrol.registry.table import CannotRead
from accesscontrol.registry.vocabulary import InvalidValue, UnknownAttribute

__all__ = [
    "AlreadyConfirmed", "CannotAdd", "CannotAttest", "CannotClear", "CannotEnter", "CannotOwn",
    "CannotRead", "CannotResolve", "ImportResult", "InvalidValue", "LicenseScope", "OwnedBy",
    "Review", "SamePerson", "UnknownAttribute", "add_licensee", "add_model", "add_offering",
    "add_owner", "add_party", "attest", "clear", "confirm_attestation", "confirm_clearance",
    "confirm_disposition", "confirm_export_license", "confirm_fact", "confirm_incident",
    "confirm_match", "confirm_owner", "confirm_owners", "confirm_red_flag", "declare_owners",
    "edit_fact", "enter_disposition", "enter_export_license", "import_licensees", "open_red_flag",
    "rename", "report_incident", "resolve_incident", "resolve_red_flag", "revoke",
    "revoke_clearance", "revoke_declaration", "revoke_disposition", "revoke_export_license",
    "together", "withdraw_fact",
]  # fmt: skip

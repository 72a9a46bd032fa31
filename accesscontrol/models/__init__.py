"""The database tables, one module a noun, with their constraints and choices but without verbs."""

from accesscontrol.models.access import ApiToken, Role, User
from accesscontrol.models.audit import AuditEvent
from accesscontrol.models.cases import Case, CaseNote
from accesscontrol.models.decisions import Decision, ReasonBlob
from accesscontrol.models.entitlements import Entitlement, Hold
from accesscontrol.models.jobs import Job
from accesscontrol.models.orders import (
    Amendment,
    CountryGroupMember,
    CustomAttribute,
    EndUse,
    NamedList,
    NamedListEntry,
    Order,
    Release,
    Rule,
    RuleComment,
    RuleEdit,
    RuleTestCase,
    RuleVersion,
    Term,
    Territory,
)
from accesscontrol.models.parties import (
    Clearance,
    ListedName,
    ListedParty,
    ListVersion,
    Match,
    RestrictedList,
)
from accesscontrol.models.previews import AffectedLicensee, Group, Preview
from accesscontrol.models.registry import (
    AIModel,
    Attestation,
    Disposition,
    ExportLicense,
    Fact,
    Licensee,
    LicenseUse,
    ModelIncident,
    Offering,
    Owner,
    OwnershipDeclaration,
    Party,
    RedFlag,
)
from accesscontrol.models.screening import (
    Boundary,
    CurrentFacts,
    FactValue,
    Finding,
    ScreeningChunk,
    ScreeningRun,
    Sheet,
    Standing,
    StandingChange,
)
from accesscontrol.models.webhooks import OutboxMessage

__all__ = [
    "AIModel", "AffectedLicensee", "Amendment", "ApiToken", "Attestation", "AuditEvent", "Boundary",
    "Case", "CaseNote", "Clearance", "CountryGroupMember", "CurrentFacts", "CustomAttribute",
    "Decision", "Disposition", "EndUse", "Entitlement", "ExportLicense", "Fact", "FactValue",
    "Finding", "Group", "Hold", "Job", "LicenseUse", "Licensee", "ListVersion", "ListedName",
    "ListedParty", "Match", "ModelIncident", "NamedList", "NamedListEntry", "Offering", "Order",
    "OutboxMessage", "Owner", "OwnershipDeclaration", "Party", "Preview", "ReasonBlob", "RedFlag",
    "Release", "RestrictedList", "Role", "Rule", "RuleComment", "RuleEdit", "RuleTestCase",
    "RuleVersion", "ScreeningChunk", "ScreeningRun", "Sheet", "Standing", "StandingChange", "Term",
    "Territory", "User",
]  # fmt: skip

"""Puts a draft before the approvers as persons do: after a look at what it would change."""

from datetime import datetime
from typing import Any

from accesscontrol import orders
from accesscontrol.models import RuleVersion


def submit(*, version: RuleVersion, by: Any, at: datetime, because: str = "Ready.") -> RuleVersion:
    """Calculate the impact, then submit the version with it."""
    orders.preview_now(version=version, by=by, at=at)
    return orders.submit(version=version, by=by, at=at, because=because)

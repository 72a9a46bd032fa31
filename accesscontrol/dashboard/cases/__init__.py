"""The review queue's screens: items, evidence, and what a person does with a case."""

from accesscontrol.dashboard.cases.addresses import urlpatterns

__all__ = ["urlpatterns"]

"""The screens of the review queue: the queue, the evidence of a case, and the steps on it."""

from accesscontrol.dashboard.cases.addresses import urlpatterns

__all__ = ["urlpatterns"]

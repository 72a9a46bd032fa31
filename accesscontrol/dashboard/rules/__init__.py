"""The rules' screens: list, one rule with its life, and the editor by form and by expression."""

from accesscontrol.dashboard.rules.addresses import urlpatterns

__all__ = ["urlpatterns"]

"""The screens of rules: the list, one rule, and the editor by form and by expression."""

from accesscontrol.dashboard.rules.addresses import urlpatterns

__all__ = ["urlpatterns"]

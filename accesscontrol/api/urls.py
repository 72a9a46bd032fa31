"""Addresses of the API: AuthZEN under /access/v1, everything else under /api/v1."""

from django.urls import path

from accesscontrol.api import evaluation, metadata, what_if

urlpatterns = [
    path(".well-known/authzen-configuration", metadata.authzen_configuration),
    path("access/v1/evaluation", evaluation.evaluation),
    path("access/v1/evaluations", evaluation.evaluations),
    path("api/v1/what-if", what_if.what_if),
]

"""The base classes of read endpoints: token and scope, cursor pages, filters, ETag, problems."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accesscontrol.api.entry import BearerToken, HasScope, echo
from accesscontrol.api.problems import drf_handler


class CursorPages(CursorPagination):
    """`?limit=100&cursor=…`, newest first. The next page is also in a Link header (RFC 8288)."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "limit"
    ordering = "-id"

    def get_paginated_response(self, data: Any) -> Response:
        response: Response = super().get_paginated_response(data)
        link = self.get_next_link()
        if link:
            response["Link"] = f'<{link}>; rel="next"'
        return response


class Guarded(APIView):
    """A DRF view of the API: for tokens only, and a failure is a problem document."""

    authentication_classes = [BearerToken]
    permission_classes = [HasScope]
    scopes: dict[str, str] = {}

    def get_exception_handler(self) -> Any:
        return drf_handler

    def finalize_response(
        self, request: HttpRequest, response: HttpResponse, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        final: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
        final.setdefault("Cache-Control", "no-store")
        echo(request, final)
        return final


class Listing(Guarded, viewsets.ReadOnlyModelViewSet[Any]):
    """A list by pages and one object by its reference."""

    pagination_class = CursorPages
    filter_backends = [DjangoFilterBackend]
    lookup_value_regex = "[^/]+"

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One object with a strong ETag; 304 where the caller holds it already."""
        response = super().retrieve(request, *args, **kwargs)
        etag = f'"{hashlib.sha256(repr(response.data).encode()).hexdigest()[:32]}"'
        conditional = get_conditional_response(request._request, etag=etag, response=response)
        assert conditional is not None
        conditional["ETag"] = etag
        return conditional

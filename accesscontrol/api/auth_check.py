"""GET /api/v1/auth/check: the caller's token, its scopes and its expiry."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accesscontrol.api.listing import Guarded


class TokenOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    key_id = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()


class AuthCheck(Guarded):
    """Any valid token may ask about itself."""

    scopes = {"GET": ""}

    @extend_schema(responses=TokenOutput)
    def get(self, request: Request) -> Response:
        return Response(TokenOutput(request.auth).data)

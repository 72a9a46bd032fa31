"""The orders over the API, with the instants of receipt, of force and of the first refusal."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from accesscontrol import audit, decisions
from accesscontrol.api.listing import Listing
from accesscontrol.models import Amendment, Order

CONFIDENTIAL = ("subject", "citation")


class AmendmentOutput(serializers.ModelSerializer[Amendment]):
    class Meta:
        model = Amendment
        fields = ["kind", "reference", "received_at", "effective_at"]


class OrderOutput(serializers.ModelSerializer[Order]):
    """What a confidential order is about stays out, unless the token has decisions:explain."""

    supersedes = serializers.SlugRelatedField[Order](slug_field="reference", read_only=True)

    class Meta:
        model = Order
        fields = [
            "reference", "kind", "authority", "citation", "subject", "confidential", "received_at",
            "effective_at", "expires_at", "zone", "supersedes", "lifted_at", "acknowledged_at",
            "first_refusal_at",
        ]  # fmt: skip

    def to_representation(self, instance: Order) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.confidential and not decisions.may_explain(self.context["request"].auth):
            shown.update(dict.fromkeys(CONFIDENTIAL))
        return shown


class OrderDetail(OrderOutput):
    amendments = AmendmentOutput(many=True, read_only=True)
    rules = serializers.SlugRelatedField[Any](slug_field="ref", many=True, read_only=True)

    class Meta(OrderOutput.Meta):
        fields = [*OrderOutput.Meta.fields, "text", "amendments", "rules"]

    def to_representation(self, instance: Order) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.confidential and not decisions.may_explain(self.context["request"].auth):
            shown.update(text=None, amendments=[], rules=[])
        return shown


class Orders(Listing):
    """Legal instruments and the company's own directives."""

    scopes = {"GET": "policy:read"}
    queryset = Order.objects.select_related("supersedes")
    lookup_field = "reference"
    filterset_fields = ["kind"]

    def get_serializer_class(self) -> type[OrderOutput]:
        return OrderDetail if self.action == "retrieve" else OrderOutput

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Reading the text of a confidential order is itself an event of the log."""
        order = self.get_object()
        if order.confidential and decisions.may_explain(request.auth):
            audit.record("order.confidential_read", order, by=request.auth, at=datetime.now(UTC))
        return super().retrieve(request, *args, **kwargs)

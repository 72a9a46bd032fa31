"""The base class of all forms: it asks for an empty field in the product's own words."""

from typing import Any, TypeVar

from django import forms

Kind = TypeVar("Kind", bound=forms.Field)

MISSING = "Fill this in: it cannot stay empty."
NOT_CHOSEN = "Choose one: it cannot stay empty."


class Form(forms.Form):
    """Django's form. For an empty field it says what to do, not that the field is required."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            choice = isinstance(field, forms.ChoiceField | forms.ModelChoiceField)
            field.error_messages["required"] = NOT_CHOSEN if choice else MISSING

    def field(self, name: str, kind: type[Kind]) -> Kind:
        """The field of this name, as the class that its form declares."""
        field = self.fields[name]
        assert isinstance(field, kind)
        return field

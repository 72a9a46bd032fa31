"""The form of all screens: what is missing is asked for in words of this house."""

from typing import Any, TypeVar

from django import forms

Kind = TypeVar("Kind", bound=forms.Field)

MISSING = "Fill this in: it cannot stay empty."
NOT_CHOSEN = "Choose one: it cannot stay empty."


class Form(forms.Form):
    """Django's form, which says what to do about an empty field instead of that it is required."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            choice = isinstance(field, forms.ChoiceField | forms.ModelChoiceField)
            field.error_messages["required"] = NOT_CHOSEN if choice else MISSING

    def field(self, name: str, kind: type[Kind]) -> Kind:
        """The field of this name, as the kind that its form declares it as."""
        found = self.fields[name]
        assert isinstance(found, kind)
        return found

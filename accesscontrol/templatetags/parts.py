"""The template tags for the parts of a page: cards, tables, notices, forms, pages of a list."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms, template
from django.forms import BaseForm, BoundField
from django.utils.safestring import SafeString, mark_safe

from accesscontrol.templatetags.gate import component

register = template.Library()


@register.simple_block_tag
def slot(content: str) -> SafeString:
    """`{% slot as lead %}…{% endslot %}` names a part of a page, which a component then shows."""
    return _trimmed(content)


def _trimmed(content: str) -> SafeString:
    """What stands inside a block tag was escaped when it was rendered."""
    return mark_safe(content.strip())  # noqa: S308


# ---------------------------------------------------------------- frames of content


@register.simple_block_tag
def page_head(content: str, title: str, lead: str = "") -> SafeString:
    """The page's h1, a sentence below, and the page's actions inside the block."""
    return component("page_head", title=title, lead=lead, content=_trimmed(content))


@register.simple_block_tag
def card(content: str, title: str, id: str, side: str = "", body: str = "") -> SafeString:
    """A section with its heading."""
    return component("card", title=title, id=id, side=side, body=body, content=_trimmed(content))


@register.simple_block_tag
def note(content: str, tone: str = "", icon: str = "review", role: str = "") -> SafeString:
    """A notice of one paragraph."""
    return component("note", tone=tone, icon=icon, role=role, content=_trimmed(content))


@register.simple_block_tag
def empty_state(content: str, title: str, icon: str = "info") -> SafeString:
    """The words of an empty list: what it would show and what to do."""
    return component("empty_state", title=title, icon=icon, content=_trimmed(content))


@register.simple_block_tag
def table(
    content: str, label: str, columns: str, numbers: str = "", actions: str = "", look: str = ""
) -> SafeString:
    """A table whose rows become blocks on the phone; the rows stand inside the block."""
    named = [(name, name in numbers.split(", ")) for name in columns.split(", ")]
    return component(
        "table", label=label, columns=named, actions=actions, look=look, content=_trimmed(content)
    )


# ---------------------------------------------------------------- forms


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """A form field with its label, hint and errors, linked to each other."""
    widget = bound.field.widget
    bound.field.widget.attrs.setdefault("autocomplete", "off")
    return component(
        "field",
        field=bound,
        single_check=isinstance(widget, forms.CheckboxInput),
        group=isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple),
    )


@register.simple_tag
def options(choices: Iterable[tuple[str, str]], chosen: str | Iterable[str] = ()) -> SafeString:
    """The options of a select or datalist. One value or several are chosen."""
    values = [chosen] if isinstance(chosen, str) else list(chosen)
    return component("options", choices=choices, chosen=values)


@register.simple_tag
def errors(form: BaseForm | None = None, problem: str = "") -> SafeString:
    """The problems of a save: the form's errors and the refusal, each linked to its field."""
    problems = [{"text": problem, "field": ""}] if problem else []
    if form is not None:
        problems += [{"text": str(text), "field": ""} for text in form.non_field_errors()]
        problems += [
            {"text": f"{bound.label}: {text}", "field": bound.id_for_label}
            for bound in form
            for text in bound.errors
        ]
    return component("errors", problems=problems)


@register.simple_block_tag(takes_context=True)
def confirm(
    context: Mapping[str, Any],
    content: str,
    url: str,
    button: str,
    *,
    reason: str,
    longest: int,
    kind: str = "",
    form: str = "form",
    required: bool = False,
) -> SafeString:
    """A form that asks for a reason and does one thing; hints stand inside the block."""
    return component(
        "confirm",
        url=url,
        button=button,
        kind=kind,
        form=form,
        reason=reason,
        longest=longest,
        required=required,
        content=_trimmed(content),
        csrf_token=context.get("csrf_token"),
    )


@register.simple_tag(takes_context=True)
def send(
    context: Mapping[str, Any], url: str, button: str, kind: str = "", **hidden: Any
) -> SafeString:
    """A form of one button; what it sends along is given by name."""
    return component(
        "send",
        url=url,
        button=button,
        kind=kind,
        hidden=hidden.items(),
        csrf_token=context.get("csrf_token"),
    )


# ---------------------------------------------------------------- lists and steps


@register.simple_tag
def filter_text(filters: Any, name: str, id: str, hint: str, label: str = "") -> SafeString:
    """The search box of a list's filters."""
    return component(
        "filter_text", id=id, name=name, label=label or hint, hint=hint, value=filters[name]
    )


@register.simple_tag
def filter_choice(
    filters: Any,
    name: str,
    id: str,
    unset: str,
    label: str = "",
    after: str = "",
) -> SafeString:
    """One choice of a list's filters, with the words for none."""
    one = filters.named(name)
    return component(
        "filter_choice", id=id, name=name, label=label or one.label, unset=unset, after=after,
        choices=one.choices, chosen=filters[name],
    )  # fmt: skip


@register.simple_tag
def pager(page: Any) -> SafeString:
    """The links to the previous and next page of a shell.paging.Page."""
    return component("pager", page=page)


@register.simple_tag
def chips(filters: Any) -> SafeString:
    """The active filters of a shell.filters.Filters, each with a link that removes it."""
    return component("chips", chips=filters.chips, clear=filters.cleared)


@register.simple_tag
def timeline(entries: Iterable[Mapping[str, Any]]) -> SafeString:
    """Entries of {text, at, by, because}, newest first."""
    return component("timeline", entries=entries)


@register.simple_tag
def stepper(steps: Iterable[Mapping[str, str]]) -> SafeString:
    """Steps of {title, note, state}. A state is done, current or empty."""
    return component("stepper", steps=steps)


@register.simple_tag
def crumbs(*labels_and_urls: str) -> SafeString:
    """`{% crumbs "Orders" url_of_orders order.reference %}`. The last label is the page itself."""
    pairs = [
        (labels_and_urls[i], labels_and_urls[i + 1] if i + 1 < len(labels_and_urls) else "")
        for i in range(0, len(labels_and_urls), 2)
    ]
    return component("crumbs", steps=pairs)

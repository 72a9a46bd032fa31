"""The template tags and filters for small things: icons, badges, words, dates, addresses."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from django import template
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe

from accesscontrol.dashboard.shell import words

register = template.Library()


def component(file: str, /, **given: Any) -> SafeString:
    """Render a file of templates/components, without the white space around its element.

    The first line of the file names the values that it is given.
    """
    return mark_safe(render_to_string(f"components/{file}.html", given).strip())  # noqa: S308


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of static/icons/sprite.svg. It never carries a meaning alone."""
    return component("icon", name=name)


@register.simple_tag
def badge(word: Any, tone: str = "", icon: str = "") -> SafeString:
    """A word in a colored box. Tones: deny, allow, review, license, request, accent, or none."""
    return component("badge", word=word, tone=tone, icon=icon)


@register.simple_tag
def outcome(value: str, big: bool = False) -> SafeString:
    """Icon, word and color of an outcome or standing (permit, deny, …)."""
    return component("badge", **words.outcome(value), big=big)


@register.simple_tag
def state(value: str) -> SafeString:
    """Icon, word and color of a state of an order, rule version, run or case."""
    return component("badge", **words.state(value))


@register.simple_tag
def change(before: str, after: str) -> SafeString:
    """An outcome, an arrow, and the outcome that it becomes."""
    arrow = mark_safe('<span aria-hidden="true">→</span><span class="sr">becomes</span>')
    return mark_safe(f'<span class="change">{outcome(before)}{arrow}{outcome(after)}</span>')  # noqa: S308


@register.filter
def tone(value: str) -> str:
    """The color name of an outcome."""
    return words.outcome(value)["tone"]


@register.filter
def outcome_word(value: str) -> str:
    """The word of an outcome, for running text."""
    return words.outcome(value)["word"]


@register.filter
def attribute(name: str) -> str:
    """An attribute of the vocabulary in words."""
    return words.attribute(name)


@register.filter
def value_of(value: Any, name: str) -> str:
    """`{{ fact.value|value_of:fact.name }}`: countries by name, shares in percent."""
    return words.value(name, value)


@register.filter
def uncap(text: str) -> str:
    """The text with a small first letter, for the middle of a sentence; `API` stays."""
    return words.uncapitalized(text)


@register.filter
def short(label: str) -> str:
    """`Licensee's country` as `Country`, for a page that names the licensee."""
    for owner in ("Licensee's ", "Model's "):
        if label.startswith(owner):
            rest = label.removeprefix(owner)
            return rest[:1].upper() + rest[1:]
    return label


@register.filter
def activity(name: str) -> str:
    """The words for an activity."""
    return words.ACTIVITIES.get(name, name)


@register.filter
def event(kind: str) -> str:
    """The kind of an audit event as a verb in words."""
    return words.event(kind)


@register.filter
def plain(value: Any) -> str:
    """A JSON value as a person would write it."""
    return words.plain(value)


@register.filter
def share(basis_points: int) -> str:
    """6250 as 62.5 %."""
    return f"{basis_points / 100:g} %"


@register.filter
def utc(value: datetime | None) -> str:
    """24 Nov 2026 15:54 UTC."""
    return words.utc(value)


@register.filter
def day(value: datetime | None) -> str:
    """24 Nov 2026."""
    return f"{value.astimezone(UTC).day} {value.astimezone(UTC):%b %Y}" if value else ""


@register.filter
def iso(value: datetime | None) -> str:
    """For the datetime attribute of <time>."""
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""


@register.filter
def distance(value: datetime | None, now: datetime) -> str:
    """`5 h ago`, `in 6 days`; the second argument is the page's time (shell.now)."""
    return words.distance(value - now) if value else ""


@register.filter
def took(value: timedelta | None) -> str:
    """A duration in words."""
    return words.lasted(value) if value is not None else ""


@register.simple_tag
def screen(name: str, *args: Any) -> str:
    """The address of a screen by its name. Empty if there is no such screen."""
    try:
        return reverse(f"dashboard:{name}", args=args)
    except NoReverseMatch:
        return ""


@register.simple_block_tag
def link(content: str, name: str, *args: Any) -> SafeString:
    """`{% link "rule" rule.ref %}…{% endlink %}`: the words alone where the screen is not there."""
    return component("link", url=screen(name, *args), content=content)


@register.simple_tag(takes_context=True)
def query(context: Mapping[str, Any], kept: str = "", **given: Any) -> str:
    """`?q=…&model=…`: the given parameters, then those of this page's address named in ``kept``."""
    params = {**given, **{name: context["request"].GET.get(name, "") for name in kept.split()}}
    return "?" + "&".join(f"{name}={quote(str(value))}" for name, value in params.items())

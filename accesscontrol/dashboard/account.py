"""The screens of a person's account: sign in, sign out, theme and shortcuts."""

from django import forms
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accesscontrol import access
from accesscontrol.dashboard.shell import plain
from accesscontrol.dashboard.shell.entry import Request, attempt, back, now, screen
from accesscontrol.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInForm(plain.Form):
    """Name and password. Pasting is allowed, and there is no puzzle."""

    username = forms.CharField(
        label="Name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PreferencesForm(forms.ModelForm[User]):
    """How a person likes the screens. No other person sees it."""

    class Meta:
        model = User
        fields = ("theme", "shortcuts")
        widgets = {"theme": forms.RadioSelect}
        labels = {"shortcuts": "Single-key shortcuts, such as / for search"}
        help_texts = {"shortcuts": "Switch them off if you dictate or use another input method."}


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by password. Five failures lock the account for a while (access.sign_in)."""
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = attempt(form, lambda: access.sign_in(**form.cleaned_data, at=now()))
        if person is not None:
            login(request, person, backend=BACKEND)
            return redirect(back(request, "/"))
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(
        request, "dashboard/account/sign_in.html", context, status=422 if form.errors else 200
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("dashboard:sign-in")


@screen()
def account(request: Request) -> HttpResponse:
    """Theme, shortcuts and rights. The theme is stored, so that the server draws it at once."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        access.prefer(user=request.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("dashboard:account")
    rights = sorted(right for right in access.RIGHTS if access.may(request.user, right))
    return render(request, "dashboard/account/account.html", {"form": form, "rights": rights})


urlpatterns = [
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", sign_out, name="sign-out"),
    path("account", account, name="account"),
]

"""The addresses of the review queue."""

from django.urls import path

from accesscontrol.dashboard.cases import deciding, looking

urlpatterns = [
    path("cases", looking.queue, name="cases"),
    path("cases/next", looking.next_unassigned, name="cases-next"),
    path("cases/<int:pk>", looking.case, name="case"),
    path("cases/<int:pk>/decide/<slug:decision>", deciding.decide, name="case-decide"),
    *[
        path(f"cases/<int:pk>/{verb}", deciding.act, {"verb": verb}, name=f"case-{verb}")
        for verb in deciding.VERBS
    ],
]

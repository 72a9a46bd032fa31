"""The addresses of the review queue."""

from django.urls import path

from accesscontrol.dashboard.cases import actions, queue

urlpatterns = [
    path("cases", queue.queue, name="cases"),
    path("cases/next", queue.next_unassigned, name="cases-next"),
    path("cases/<int:pk>", queue.case, name="case"),
    path("cases/<int:pk>/decide/<slug:decision>", actions.decide, name="case-decide"),
    *[
        path(f"cases/<int:pk>/{verb}", actions.act, {"verb": verb}, name=f"case-{verb}")
        for verb in actions.VERBS
    ],
]

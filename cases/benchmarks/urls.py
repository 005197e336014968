"""Addresses of the benchmarks room."""

from django.urls import path

from cases.benchmarks import views

urlpatterns = [
    path("suites/", views.suites, name="suites"),
    path("suites/new/", views.suite_new, name="suite_new"),
    path("suites/<uuid:suite_version_id>/", views.suite, name="suite"),
    path("suites/<uuid:suite_version_id>/rules/new/", views.rule_new, name="rule_new"),
    path("rules/<uuid:rule_id>/agree/", views.rule_agree, name="rule_agree"),
    path("cases/<uuid:case_id>/runs/new/", views.run_new, name="run_new"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("runs/<uuid:run_id>/state/", views.run_state, name="run_state"),
    path("runs/<uuid:run_id>/read/", views.run_read_again, name="run_read_again"),
    path("runs/<uuid:run_id>/accept/", views.run_accept, name="run_accept"),
    path("cases/<uuid:case_id>/pointers/new/", views.pointer_new, name="pointer_new"),
    path("pointers/<uuid:pointer_id>/check/", views.pointer_check, name="pointer_check"),
]

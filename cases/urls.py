"""Addresses of the rooms. To add a room, add its line."""

from django.urls import include, path

app_name = "cases"
urlpatterns = [
    path("", include("cases.reports.urls")),
    path("", include("cases.register.urls")),
    path("", include("cases.access.urls")),
    path("", include("cases.documents.urls")),
    path("", include("cases.readiness.urls")),
    path("", include("cases.incidents.urls")),
    path("", include("cases.questions.urls")),
    path("", include("cases.records.urls")),
    path("", include("cases.benchmarks.urls")),
    path("", include("cases.labels.urls")),
]

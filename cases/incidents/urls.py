"""Addresses of incidents."""

from django.urls import path

from cases.incidents import views

urlpatterns = [
    path("cases/<uuid:case_id>/incidents/new/", views.incident_new, name="incident_new"),
    path("grants/<uuid:grant_id>/incidents/new/", views.grant_incident_new, name="grant_incident_new"),
    path("incidents/", views.incidents, name="incidents"),
    path("incidents/<uuid:incident_id>/", views.incident, name="incident"),
    path("incidents/<uuid:incident_id>/documents/", views.incident_documents, name="incident_documents"),
    path("incidents/<uuid:incident_id>/entry/", views.incident_note, name="incident_note"),
    path(
        "incidents/<uuid:incident_id>/first-report/",
        views.incident_first_report,
        name="incident_first_report",
    ),
    path("incidents/<uuid:incident_id>/severity/", views.incident_severity, name="incident_severity"),
    path("incidents/<uuid:incident_id>/containment/", views.incident_contain, name="incident_contain"),
    path("incidents/<uuid:incident_id>/suspend/", views.incident_suspend, name="incident_suspend"),
    path("incidents/<uuid:incident_id>/resume/", views.incident_resume, name="incident_resume"),
    path("incidents/<uuid:incident_id>/close/", views.incident_close, name="incident_close"),
]

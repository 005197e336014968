"""Addresses of the pages over all rooms."""

from django.urls import path

from cases.reports import sight_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("cases/", views.cases, name="cases"),
    path("cases/<uuid:case_id>/", views.case, name="case"),
    path("cases/<uuid:case_id>/history/", views.case_history, name="history"),
    path("cases/<uuid:case_id>/seen/", views.case_seen, name="case_seen"),
    path("cases/<uuid:case_id>/sight/", sight_views.sight, name="sight"),
    path("history/", views.auditors_desk, name="desk"),
    path("history/verify/", views.verify, name="verify"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.notices_read, name="notices_read"),
]

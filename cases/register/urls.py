"""Addresses of the register."""

from django.urls import path

from cases.register import conflict_views, views

urlpatterns = [
    path("cases/new/", views.case_new, name="case_new"),
    path("cases/<uuid:case_id>/edit/", views.case_edit, name="case_edit"),
    path("cases/<uuid:case_id>/move/<slug:name>/", views.move, name="move"),
    path("cases/<uuid:case_id>/people/assign/", views.assign, name="assign"),
    path("cases/<uuid:case_id>/people/recuse/", views.recuse, name="recuse"),
    path("conflicts/<uuid:case_id>/declare/", conflict_views.declare, name="declare"),
    path("cases/<uuid:case_id>/declarations/", conflict_views.declarations, name="declarations"),
    path("recusals/<uuid:recusal_id>/lift/", conflict_views.recusal_lift, name="recusal_lift"),
    path("assignments/<uuid:assignment_id>/end/", views.unassign, name="unassign"),
    path("cases/<uuid:case_id>/release-dates/", views.release, name="release"),
    path("cases/<uuid:case_id>/notes/", views.note, name="note"),
]

"""The floor plan: includes, nothing else. Apps are named by string, so this module never looks upstairs."""

from django.urls import include, path

from portal import views

handler500 = "portal.kit.outage.server_error"

urlpatterns = [
    path("health/", views.health, name="health"),
    path("", include("portal.gallery")),
    path("", include("accounts.urls")),
    path("", include("cases.urls")),
]

"""Addresses of the rooms. To add a room, add its line."""

from django.urls import URLPattern

app_name = "cases"
urlpatterns: list[URLPattern] = []

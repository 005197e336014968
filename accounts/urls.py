"""Addresses of sign-in and sign-out."""

from allauth.account.views import login, logout
from django.conf import settings
from django.urls import path

from accounts.demo import sign_in_as

urlpatterns = [
    path("sign-in/", login, name="account_login"),
    path("sign-out/", logout, name="account_logout"),
]
if settings.DEMO:
    urlpatterns.append(path("sign-in-as/", sign_in_as, name="sign_in_as"))

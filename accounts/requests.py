"""A request as our views meet it: somebody is signed in (`LoginRequiredMiddleware`) and the instant is taken."""

from datetime import datetime

from django.http import HttpRequest

from accounts.models import User


class Request(HttpRequest):
    """For the types of views alone; nothing is ever made of this class."""

    user: User
    now: datetime

"""The WSGI door, for gunicorn."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.kit.pace import Pace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = Pace(get_wsgi_application(), settings.ENV.web_threads)

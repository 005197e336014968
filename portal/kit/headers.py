"""Response headers that Django and django-csp do not set: isolation, permissions, and no copies kept of pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Every feature of the browser that a page could ask for and ours never do.
UNUSED_FEATURES = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "usb",
    "xr-spatial-tracking",
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES)


class HeadersMiddleware:
    """Adds the headers to every answer below WhiteNoise: pages, fragments, downloads and errors, never static files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        # Signed in or not: a shared machine's back button and a proxy must find nothing.
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

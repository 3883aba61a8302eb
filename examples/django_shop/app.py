"""A shop in Django, in one file, behind the gate: the last lines stand in a project's wsgi.py."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from consent.gate.wsgi import Gate

PAGE = Path(__file__).parents[1].joinpath("shop.html").read_text("utf-8")

if not settings.configured:
    settings.configure(
        SECRET_KEY="of the example",  # noqa: S106
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=[
            # Both make what the gate has to mend: packed bodies, and tags of pages.
            "django.middleware.gzip.GZipMiddleware",
            "django.middleware.http.ConditionalGetMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
    )
    django.setup()


def shop(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(PAGE)
    response.set_cookie("_ga", "1", httponly=True)  # a tracker's; the gate lets it be set or not
    response.set_cookie("basket", "3")
    return response


urlpatterns = [path("", shop)]

application = Gate(
    get_wsgi_application(),
    site=os.environ["CONSENT_SITE"],
    server=os.environ["CONSENT_SERVER"],
    rules=os.environ.get("CONSENT_RULES"),
)

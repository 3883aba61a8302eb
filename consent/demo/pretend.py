"""Lets a demo page's own requests arrive from the place its address names."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import customers, places

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PRETENDED = re.compile(rf"/demo/@({places.WRITTEN})(/(?:v1|log)/([^/]+)(?:/.*)?)", re.DOTALL)


class Pretend:
    """WSGI wrapper: `/demo/@PL/v1/<site>/…` becomes `/v1/<site>/…`, visited from Poland.

    Only the four demo sites can be visited so: a site added beside them never takes a place
    from an address. The choice cookie of such a visit lives in the folder of its own pages.
    """

    def __init__(self, wsgi_app: "WSGIApplication") -> None:
        self.wsgi_app = wsgi_app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked = PRETENDED.fullmatch(environ.get("PATH_INFO", ""))
        if asked and asked[3] in customers.decisions():
            environ = {**environ, **_visited(asked[1], asked[2], asked[3])}
        return self.wsgi_app(environ, start_response)


def _visited(written: str, path: str, site: str) -> dict[str, object]:
    visit = places.read(written)
    here = written == places.HERE
    changed: dict[str, object] = {
        "PATH_INFO": path,
        "crumbtrail.base": f"/demo/@{written}",
        "crumbtrail.cookie_path": f"/demo/{site}/" if here else f"/demo/@{written}/{site}/",
    }
    if visit.place:
        changed["crumbtrail.place"] = visit.place
    if visit.gpc:
        changed["HTTP_SEC_GPC"] = "1"
    return changed

"""What the words in a name, or in a host, say when nobody knows the name itself.

Words that speak of tracking are looked for first, so that `analytics_session_id` is never taken
for a session. Confidence stays low: a person should look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .hosts import host_of

PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Hint:
    """`words` are whole words of a name, `stems` stand anywhere in it without its signs."""

    category: str
    confidence: float
    why: str
    words: frozenset[str] = frozenset()
    stems: tuple[str, ...] = ()

    def fits(self, words: set[str], bare: str) -> str | None:
        for stem in self.stems:
            if stem in bare:
                return stem
        return next((word for word in sorted(self.words & words)), None)


def said(*words: str) -> frozenset[str]:
    return frozenset(" ".join(words).split())


HINTS = (
    Hint(
        "marketing",
        0.55,
        "it speaks of advertising or of where a visitor came from",
        said(
            "ad ads adid aid adv advert aff affid affiliate affiliates campaign campaigns click",
            "clickid clicks cpc ppc promo pixel retarget retargeting remarketing utm gclid gad",
            "fbclid msclkid ttclid dclid ref referer referrer referral referrers refer lead leads",
            "mkt marketing partner dsp rtb ssp sync usersync cookiesync bid bidder impression",
            "facebook fb twitter tiktok pinterest linkedin snapchat criteo doubleclick adwords",
            "attribution conversion conversions audience segment segments coupon source",
        ),
        (
            "utm",
            "gclid",
            "fbclid",
            "msclkid",
            "clickid",
            "affiliat",
            "campaign",
            "retarget",
            "remarket",
            "advert",
            "marketing",
            "referrer",
            "referer",
            "trafficsource",
            "adserver",
            "usersync",
            "cookiesync",
            "doubleclick",
            "landingpage",
            "entrypage",
            "pixel",
        ),
    ),
    Hint(
        "statistics",
        0.5,
        "it speaks of counting or recognising visitors",
        said(
            "ab abtest abtesting analytics analytic anonymous bucket count counter experiment",
            "experiments exp first firstvisit heatmap hit hits insight insights landing metric",
            "metrics monitoring mtm omniture page pageview pageviews pages piwik matomo pv rum",
            "sample sampling snowplow split stat statistics stats telemetry test track tracker",
            "tracking trk uuid variant variation view viewed views visit visited visitor visitors",
            "visitorid visits vid ga gtm stid cid uid duid puid guid fingerprint fp perf",
            "performance survey",
        ),
        (
            "analytic",
            "tracking",
            "tracker",
            "visitor",
            "pageview",
            "abtest",
            "experiment",
            "telemetry",
            "heatmap",
            "statistic",
            "metric",
            "firstvisit",
            "lastvisit",
            "fingerprint",
            "anonymousid",
            "clientid",
            "deviceid",
            "uniqueid",
            "survey",
        ),
    ),
    Hint(
        "necessary",
        0.75,
        "it guards forms against forged requests",
        said("csrf xsrf"),
        ("csrf", "xsrf", "requestverification", "antiforgery"),
    ),
    Hint(
        "necessary",
        0.7,
        "it keeps the answer to a cookie notice",
        said("gdpr ccpa"),
        (
            "cookieconsent",
            "consentcookie",
            "cookienotice",
            "cookiepolicy",
            "cookieaccept",
            "acceptcookie",
            "acceptedcookie",
            "cookiesaccept",
            "cookiebar",
            "cookiebanner",
            "cookielaw",
            "cookieagree",
            "cookiesagree",
            "cookieallow",
            "allowcookie",
            "cookiesallow",
            "cookiesettings",
            "cookiesetting",
            "cookiepreference",
            "cookiechoice",
            "cookiemessage",
            "cookiedisclaimer",
            "cookiewarning",
            "cookiecontrol",
            "cookieinfo",
            "cookiepopup",
            "cookiedismiss",
            "cookiehint",
            "cookieok",
            "cookiemodal",
            "cookieoptin",
            "eucookie",
            "gdpr",
            "privacyconsent",
            "userconsent",
            "consentstatus",
            "consentuuid",
        ),
    ),
    Hint(
        "preferences",
        0.6,
        "it keeps a language, a currency, a place or how the page looks",
        said(
            "lang language locale culture i18n lng currency currencycode country countrycode",
            "region city geo geoip location timezone tz theme darkmode dark fontsize font contrast",
            "layout skin resolution screen viewport width height sort sorting grid perpage",
            "wishlist favorites favourites favorite compare recent recently units",
            "preference preferences prefs pref settings volume player playback sidebar",
        ),
        (
            "language",
            "locale",
            "currency",
            "darkmode",
            "timezone",
            "wishlist",
            "fontsize",
            "colorscheme",
            "recentlyviewed",
        ),
    ),
    Hint(
        "preferences",
        0.4,
        "it keeps that something was shown or closed",
        said(
            "closed close hide hidden dismissed dismiss shown seen popup modal newsletter banner",
            "announcement notification notice message overlay tooltip toast welcome intro tour",
            "chat widget",
        ),
        ("popup", "dismissed", "newsletter"),
    ),
    Hint(
        "necessary",
        0.6,
        "it spreads visitors over several servers",
        said("affinity sticky loadbalancer lb serverid backend srv upstream balancer"),
        ("loadbalanc", "stickysession", "arraffinity", "serverid"),
    ),
    Hint(
        "necessary",
        0.55,
        "it keeps a basket or an order",
        said("cart basket checkout cartid bag quote"),
        ("shoppingcart", "basket", "checkout", "cartid"),
    ),
    Hint(
        "necessary",
        0.5,
        "it keeps a visit to this website together",
        said("session sessionid sess sessid sid phpsessid jsessionid"),
        ("sessionid", "sessid", "session"),
    ),
    Hint(
        "necessary",
        0.5,
        "it keeps somebody signed in",
        said("auth login logged loggedin jwt signin oauth sso oidc identity authenticated"),
        ("logged", "login", "authtoken", "accesstoken", "refreshtoken", "rememberme"),
    ),
)
HOSTS = (
    Hint(
        "marketing",
        0.45,
        "advertising",
        said(
            "ad ads adserver adserv adsrv adsystem adx adtech advertising dsp ssp rtb bid bidder",
            "sync usersync cookiesync match retarget affiliate aff pixel pixels click clicks dmp",
            "creative promo sponsor adnxs trc tags tag",
        ),
        ("adserv", "adsrv", "adtech", "adform", "retarget", "affiliat", "doubleclick"),
    ),
    Hint(
        "statistics",
        0.45,
        "counting visitors",
        said(
            "analytics analytic stats stat statistics metrics metric matomo piwik tracking track",
            "tracker telemetry rum insights counter collector collect beacon omtrdc sc smetrics",
        ),
        ("analytics", "metrics", "tracking", "telemetry"),
    ),
)


def of_name(name: str) -> tuple[Hint, str] | None:
    """The first hint that fits the words of a name, and the word."""
    bare = re.sub(r"[^a-z0-9]", "", name.casefold())
    words = {part.casefold() for part in PART.findall(name)}
    words |= set(re.split(r"[^a-z0-9]+", name.casefold()))
    return _first(HINTS, words, bare)


def of_host(domain: str) -> tuple[Hint, str] | None:
    """The same for a host, its last label left out."""
    labels = host_of(domain).split(".")[:-1]
    words = {word for label in labels for word in re.split(r"[-_0-9]+", label)}
    return _first(HOSTS, words, ".".join(labels))


def _first(hints: tuple[Hint, ...], words: set[str], bare: str) -> tuple[Hint, str] | None:
    for hint in hints:
        word = hint.fits(words, bare)
        if word:
            return hint, word
    return None

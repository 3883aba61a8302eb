"""What the words in a name, or in a host, say when nobody knows the name itself.

Words that speak of tracking are looked for before those of sessions and baskets, so that
`analytics_session_id` is never taken for a session. Confidence stays low: a person should look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..saying import say
from .facts import TRACKING
from .hosts import host_of

SHORTEST = 2  # letters that a change of case or a digit sets apart, and that say nothing
ANSWER = "consent"
ASKED = re.compile(
    r"analytics?|statistics?|stats?|marketing|advert\w*|tracking|performance|preferences", re.I
)
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Hint:
    """`words` are whole words of a name, `stems` stand anywhere in it without its signs."""

    category: str
    confidence: float
    why: str
    words: frozenset[str] = frozenset()
    stems: tuple[str, ...] = ()
    shape: re.Pattern[str] | None = None
    whole: re.Pattern[str] | None = None

    def fits(self, words: set[str], bare: str) -> str | None:
        for stem in self.stems:
            if stem in bare:
                return stem
        if self.shape and (found := self.shape.search(bare)):
            return found[0]
        if self.whole and self.whole.fullmatch(bare):
            return bare
        return next((word for word in sorted(self.words & words)), None)


def said(*words: str) -> frozenset[str]:
    return frozenset(" ".join(words).split())


HINTS = (
    Hint(
        "necessary",
        0.75,
        say("it guards forms against forged requests"),
        stems=("csrf", "xsrf", "requestverification", "antiforgery"),
    ),
    Hint("necessary", 0.55, say("it tells people from programs"), stems=("captcha",)),
    Hint("necessary", 0.5, say("it keeps an answer about age"), stems=("agegate", "ageverif")),
    Hint(
        "necessary",
        0.65,
        say("it keeps the answer to a cookie notice"),
        said("gdpr ccpa rgpd dsgvo avg lgpd"),
        (ANSWER, "gdpr", "rgpd", "dsgvo", "privacyaccept", "acceptprivacy", "eucookie"),
        re.compile(
            r"cookies?(accept|agree|allow|approv|close|compl|confirm|direct|dismiss|hid|info|law|message|msg|not|ok"
            r"|pol|popup|pref|read|seen|sett|show|stat|test|enabl|understood|view|warn|alert|banner|bar"
            r"|choice|control|decl|disclaim|hint|level|modal|opt|panel|permission|reject|check|support)"
            r"|(privacy|tracking)(accept|consent|optin|pref|sett)|(policy|terms)(accept|agree)"
            r"|(accept|agree|allow|approv|clos|confirm|dismiss|hid|use|show|seen|enable|support|has)"
            r"(ed|d|s|e|n)?(the|all)?cookie"
        ),
    ),
    Hint(
        "necessary",
        0.5,
        say("it is 32 hexadecimal digits, as Joomla names its sessions"),
        whole=re.compile(r"[0-9a-f]{32}"),
    ),
    Hint(
        "marketing",
        0.55,
        say("it speaks of advertising or of where a visitor came from"),
        said(
            "ad ads adid aid adv advert aff affid affiliate affiliates campaign campaigns click",
            "clickid clicks cpc ppc promo pixel retarget retargeting remarketing utm gclid gad",
            "fbclid msclkid ttclid dclid ref referer referrer referral referrers refer lead leads",
            "mkt marketing partner dsp rtb ssp sync usersync cookiesync bid bidder impression",
            "facebook fb twitter tiktok pinterest linkedin snapchat criteo doubleclick adwords",
            "attribution conversion conversions audience segment segments coupon source",
            "src medium voucher discount offer dfp ppid abandon abandoned",
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
        "preferences",
        0.6,
        say("it keeps a language, a currency, a place or how the page looks"),
        stems=(
            "language",
            "locale",
            "currency",
            "darkmode",
            "timezone",
            "wishlist",
            "fontsize",
            "colorscheme",
            "recentlyviewed",
            "recentlyseen",
            "recentproduct",
            "viewmode",
            "gridview",
            "listview",
            "perpage",
            "pagesize",
            "geoloc",
            "geoip",
        ),
    ),
    Hint(
        "statistics",
        0.5,
        say("it speaks of counting or recognising visitors"),
        said(
            "ab abtest abtesting analytics analytic anonymous bucket count counter experiment",
            "experiments exp first firstvisit heatmap hit hits insight insights landing metric",
            "metrics monitoring mtm omniture page pageview pageviews pages piwik matomo pv rum",
            "sample sampling snowplow split stat statistics stats telemetry track tracked tracker",
            "tracking trk uuid variant variation viewed views visit visited visitor visitors",
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
        "preferences",
        0.6,
        say("it keeps a language, a currency, a place or how the page looks"),
        said(
            "lang language locale culture i18n lng currency currencycode country countrycode",
            "region city geo geoip location timezone tz theme darkmode dark fontsize font contrast",
            "device mobile desktop postcode zip zipcode latitude longitude coordinates",
            "layout skin resolution screen viewport width height sort sorting grid perpage",
            "wishlist favorites favourites favorite compare recent recently units",
            "preference preferences prefs pref settings volume player playback sidebar",
        ),
    ),
    Hint(
        "preferences",
        0.4,
        say("it keeps that something was shown or closed"),
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
        say("it spreads visitors over several servers"),
        said(
            "cluster lbs lbserver affinity sticky loadbalancer lb serverid backend srv upstream",
            "balancer",
        ),
        ("loadbalanc", "stickysession", "arraffinity", "serverid"),
    ),
    Hint(
        "necessary",
        0.55,
        say("it keeps a basket or an order"),
        said("cart basket checkout cartid bag quote"),
        ("shoppingcart", "basket", "checkout", "cartid"),
    ),
    Hint(
        "necessary",
        0.5,
        say("it keeps a visit to this website together"),
        said("session sessionid sess sessid phpsessid jsessionid"),
        ("sessionid", "sessid", "session"),
    ),
    Hint(
        "necessary",
        0.5,
        say("it keeps somebody signed in"),
        said("auth login logged loggedin jwt signin oauth sso oidc identity authenticated"),
        ("logged", "login", "aspxauth", "authtoken", "accesstoken", "refreshtoken", "rememberme"),
    ),
)
HOSTS = (
    Hint(
        "marketing",
        0.45,
        say("advertising"),
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
        say("counting visitors"),
        said(
            "analytics analytic stats stat statistics metrics metric matomo piwik tracking track",
            "tracker telemetry rum insights counter collector collect beacon omtrdc sc smetrics",
        ),
        ("analytics", "metrics", "tracking", "telemetry"),
    ),
)


def of_name(name: str) -> tuple[Hint, str] | None:
    """The first hint that fits the words of a name, and the word."""
    return _first(HINTS, *_parts(name))


def _parts(name: str) -> tuple[set[str], str]:
    bare = re.sub(r"[^a-z0-9]", "", name.casefold())
    words = {part.casefold() for part in PART.findall(name) if len(part) > SHORTEST}
    words |= set(re.split(r"[^a-z0-9]+", name.casefold()))
    return words, bare


def against(name: str, hint: Hint) -> str | None:
    """The word that speaks of tracking in a name that was taken for necessary by another. An answer
    to a cookie notice may name what was asked about."""
    text = name
    if ANSWER in hint.stems:
        text = ASKED.sub("_", name)
    hit = _first(tuple(one for one in HINTS if one.category in TRACKING), *_parts(text))
    return hit and hit[1]


def of_host(domain: str) -> tuple[Hint, str] | None:
    """The same for a host: whole words in the labels before a website's own name and its ending,
    stems in its own name too."""
    labels = host_of(domain).split(".")
    words = {word for label in labels[:-2] for word in re.split(r"[-_0-9]+", label)}
    return _first(HOSTS, words, ".".join(labels[:-1]))


def _first(hints: tuple[Hint, ...], words: set[str], bare: str) -> tuple[Hint, str] | None:
    for hint in hints:
        word = hint.fits(words, bare)
        if word:
            return hint, word
    return None

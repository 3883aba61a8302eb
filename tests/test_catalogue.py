"""Our own list: every line has its form, and no tracker in it is ever called necessary."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace

import pytest

from consent.classify import Seen, builtin, propose, service_of
from consent.classify.catalogue import GIVEN, KEY, PARTIES, SHORT, Malformed, load
from consent.classify.facts import TRACKING, Entry
from consent.inventory import STORED, duration
from consent.inventory.rows import KINDS
from tests.prepare import ROOT

OWN = builtin()
HOST = re.compile(r"([a-z0-9_-]+\.)+[a-z0-9-]{2,}(/[a-z0-9/_.-]+)?")
FOLDER = ROOT / "consent/data/catalogue"

# name as published, what may be proposed
POLICIES = {
    "L7_geoip": "preferences",
    "Xl7ref": "marketing",
    "_ar_V4": "marketing",
    "_gat": "statistics",
    "_ga": "statistics",
    "_gid": "statistics",
}

# Well-known trackers with a domain they are seen under; none is ever necessary.
TRACKERS = """
_ga:example.com _ga_ABC123DEF4:example.com _gid:example.com _gat:example.com _gat_UA-1-1:example.com
_gat_gtag_UA_1_1:example.com _dc_gtm_UA-1-1:example.com __utma:example.com __utmb:example.com
__utmc:example.com __utmt:example.com __utmz:example.com __utmv:example.com _gcl_au:example.com
_gcl_aw:example.com _gac_UA-1:example.com __gads:example.com __gpi:example.com IDE:doubleclick.net
DSID:doubleclick.net test_cookie:doubleclick.net NID:google.com 1P_JAR:google.com ANID:google.com
SID:google.com HSID:google.com SSID:google.com APISID:google.com SAPISID:google.com SIDCC:google.com
CONSENT:youtube.com VISITOR_INFO1_LIVE:youtube.com YSC:youtube.com PREF:youtube.com GPS:youtube.com
LOGIN_INFO:youtube.com __Secure-3PSID:google.com _fbp:example.com _fbc:example.com fr:facebook.com
tr:facebook.com datr:facebook.com sb:facebook.com c_user:facebook.com xs:facebook.com
sessionid:instagram.com csrftoken:instagram.com mid:instagram.com MUID:bing.com MUID:clarity.ms
_uetsid:example.com _uetvid:example.com SRM_B:c.bing.com MR:c.bing.com ANONCHK:c.clarity.ms
CLID:www.clarity.ms SM:c.clarity.ms _clck:example.com _clsk:example.com bcookie:linkedin.com
bscookie:www.linkedin.com lidc:linkedin.com UserMatchHistory:linkedin.com li_sugr:linkedin.com
AnalyticsSyncHistory:linkedin.com lang:ads.linkedin.com JSESSIONID:www.linkedin.com
li_fat_id:example.com guest_id:twitter.com personalization_id:twitter.com muc_ads:t.co
ct0:twitter.com _twitter_sess:twitter.com _ttp:tiktok.com _tt_enable_cookie:example.com
_pin_unauth:example.com _pinterest_sess:pinterest.com _pinterest_ct_ua:ct.pinterest.com
_scid:example.com sc_at:snapchat.com _rdt_uuid:example.com uid:criteo.com cto_bundle:example.com
uuid2:adnxs.com anj:adnxs.com sess:adnxs.com icu:adnxs.com khaos:rubiconproject.com
audit:rubiconproject.com KADUSERCOOKIE:pubmatic.com KRTBCOOKIE_22:pubmatic.com PugT:pubmatic.com
TDID:adsrvr.org TDCPM:adsrvr.org i:openx.net pd:openx.net CMID:casalemedia.com CMPS:casalemedia.com
pid:smartadserver.com csync:smartadserver.com uid:adform.net C:adform.net cid:adform.net
id5:id5-sync.com rlas3:rlcdn.com pxrc:rlcdn.com t_gid:taboola.com obuid:outbrain.com
tt_viewer:teads.tv A3:yahoo.com IDSYNC:analytics.yahoo.com uuid:mathtag.com TapAd_DID:tapad.com
bku:bluekai.com _cc_id:crwdcntrl.net mako_uid:eyeota.net ud:exelator.com ab:agkn.com
everest_g_v2:everesttech.net demdex:demdex.net dpm:dpm.demdex.net tluid:3lift.com
stx_user_id:sharethrough.com ljt_reader:lijit.com vst:gumgum.com 33x_ps:33across.com
zuid:zemanta.com V:contextweb.com rud:rfihub.com suid:simpli.fi DotomiUser:dotomi.com
mc:quantserve.com d:quantserve.com __qca:example.com UID:scorecardresearch.com
UIDR:scorecardresearch.com IMRID:imrworldwide.com tuuid:bidswitch.net tuuid:360yield.com
_rxuuid:1rx.io mt_misc:mathtag.com ssi:sitescout.com bito:bidr.io sa-user-id:srv.stackadapt.com
_cb:example.com _chartbeat2:example.com _parsely_visitor:example.com s_cc:example.com
s_sq:example.com s_vi:example.com s_fid:example.com s_ecid:example.com AMCV_1@AdobeOrg:example.com
AMCVS_1@AdobeOrg:example.com mbox:example.com at_check:example.com _pk_id.1.1fff:example.com
_pk_ses.1.1fff:example.com _ym_uid:example.com yandexuid:yandex.ru _hjid:example.com
_hjSession_1:example.com _hjSessionUser_1:example.com _hjTLDTest:example.com
_hjAbsoluteSessionInProgress:example.com _hjFirstSeen:example.com _vwo_uuid:example.com
_vwo_uuid_v2:example.com _vis_opt_s:example.com optimizelyEndUserId:example.com
optimizelySession:example.com _gaexp:example.com ABTasty:example.com ABTastySession:example.com
ajs_anonymous_id:example.com ajs_user_id:example.com amplitude_id_x:example.com AMP_x:example.com
mp_x_mixpanel:example.com ph_x_posthog:example.com _hp2_id.1:example.com fs_uid:example.com
mf_user:example.com _lo_v:example.com _ce.s:example.com _cs_id:example.com _cs_s:example.com
hubspotutk:example.com __hstc:example.com __hssc:example.com __hssrc:example.com
_mkto_trk:example.com visitor_id123:example.com visitor_id123-hash:pardot.com
__kla_id:example.com __adroll:adroll.com __ar_v4:example.com __adroll_fpc:example.com
sb_x:facebook.com vuid:vimeo.com sp_t:spotify.com disqus_unique:disqus.com __stid:sharethis.com
__atuvc:example.com dtCookie:example.com rxVisitor:example.com JSESSIONID:nr-data.net
ai_user:example.com ai_session:example.com _dd_s:example.com utag_main:example.com tk_ai:example.com
_shopify_y:example.com _shopify_s:example.com _y:example.com _s:example.com ELOQUA:eloqua.com
nmstat:example.com WT_FPC:example.com xtvrn:example.com atidvisitor:example.com
analytics_session_id:example.com utm_source:example.com gclid:example.com _bti:example.net.adnxs.com
session_id:ads.example.com PHPSESSID:adserver.example.com sessionid:tracking.example.com
"""
PAIRS = [one.rsplit(":", 1) for one in TRACKERS.split()]


def instance(entry: Entry) -> str:
    """A name that the entry's pattern matches."""
    return entry.pattern.replace("*", "7fa3")


def test_the_list_is_as_large_as_we_say() -> None:
    assert len({entry.pattern for entry in OWN.entries}) >= 2000
    assert len([service for service in OWN.services if service.hosts]) >= 150
    text = (ROOT / "docs/catalogue.md").read_text("utf-8")
    said = re.search(r"([\d,]+) names and patterns of (\d+) services, (\d+) of them with", text)
    assert said is not None
    hosts = sum(bool(service.hosts) for service in OWN.services)
    assert (int(said[1].replace(",", "")), int(said[2]), int(said[3])) == (
        len(OWN.entries),
        len(OWN.services),
        hosts,
    )


def test_every_service_has_its_form() -> None:
    assert len({service.key for service in OWN.services}) == len(OWN.services)
    for service in OWN.services:
        assert KEY.fullmatch(service.key) and service.category in GIVEN
        assert service.name and service.provider and len(service.name) <= 120
        assert all(HOST.fullmatch(host) for host in service.hosts), service.key
    counted = Counter(host for service in OWN.services for host in service.hosts)
    assert [host for host, times in counted.items() if times > 1] == []


def test_every_row_has_its_form() -> None:
    for entry in OWN.entries:
        where = f"{entry.service.key}: {entry.pattern}"
        assert entry.category in GIVEN and entry.party in (*PARTIES[:2], ""), where
        assert entry.kind in STORED and entry.kind in KINDS, where
        duration(entry.duration)
        assert entry.purpose.endswith(".") and 12 <= len(entry.purpose) <= 120, where
        assert len(entry.pattern) <= 256 and entry.pattern.strip() == entry.pattern, where
        assert not entry.here or entry.service.hosts, f"{where}: here, but where?"
        if "*" in entry.pattern and len(entry.pattern.replace("*", "")) <= SHORT:
            assert entry.here, f"{where}: too short to stand without a domain"


def test_no_name_is_said_twice() -> None:
    said = Counter(
        (entry.pattern, entry.here and entry.service.key, entry.here) for entry in OWN.entries
    )
    assert [name for name, times in said.items() if times > 1] == []


def test_the_public_list_of_hosts_names_its_source() -> None:
    assert "Copyright" in (FOLDER / "hosts.LICENSE").read_text("utf-8")
    assert "consent/data/catalogue/hosts.csv" in (ROOT / "NOTICE").read_text("utf-8")
    assert (
        len(OWN.public) > 1000
        and not {"net.pl", "de.com"} & set(OWN.public)
        and set(OWN.public.values()) == set(TRACKING)
    )
    assert all(HOST.fullmatch(host) for host in OWN.public)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("_x | first | 1 year | Before.", "before the first service"),
        ("= a b | A | B | marketing", "no key"),
        ("= a | A | B | advertising", "no category"),
        ("= a | A | B | marketing\n_x | first | 1 year", "four columns"),
        ("= a | A | B | marketing\n_x | nobody | 1 year | Why.", "a party"),
        ("= a | A | B | marketing\n_x | first often | 1 year | Why.", "a party"),
        ("= a | A | B | marketing\n_x | first | 1 year | Why.\n@ a.example", "before the names"),
    ],
)
def test_a_line_of_another_form_is_refused_with_its_place(line: str, why: str) -> None:
    with pytest.raises(Malformed, match=f"list.txt, line .*{why}"):
        load([("list.txt", line)])


@pytest.mark.parametrize(("name", "category"), POLICIES.items())
def test_every_cookie_of_the_policies_is_known(name: str, category: str) -> None:
    found = propose(Seen(name, "voipstudio.pl"))
    assert found.category == category and found.needs_consent and found.confidence >= 0.85
    other = propose(Seen(name.swapcase(), "voipstudio.pl"))
    assert other.category == category and other.purpose


def test_there_are_enough_trackers_in_the_table() -> None:
    assert len({(name, domain) for name, domain in PAIRS}) >= 150


@pytest.mark.parametrize(("name", "domain"), PAIRS)
def test_no_well_known_tracker_is_necessary(name: str, domain: str) -> None:
    for party in ("", "first", "third"):
        found = propose(Seen(name, domain, party=party))
        assert found.category != "necessary" and found.needs_consent, found.reason


def test_no_tracker_of_ours_is_ever_necessary() -> None:
    """Whatever domain, party, script and case: the one error that may not happen."""
    wrong = []
    for entry in OWN.entries:
        if entry.category not in TRACKING:
            continue
        homes = [*entry.service.hosts[:1]]
        places = homes if entry.here else [*homes, "example.com"]
        for place in places:
            for party in ("", "third"):
                for name in {instance(entry), instance(entry).upper(), instance(entry).lower()}:
                    found = propose(Seen(name, place, party=party))
                    if found.category == "necessary" and not _another(name, entry):
                        wrong.append((name, place, party, found.reason))
    assert wrong == []


def _another(name: str, entry: Entry) -> bool:
    """Whether this very spelling is another name of the list."""
    spelt = [one for one in OWN.entries if one.pattern == name and one is not entry]
    return any(one.category == "necessary" for one in spelt)


def test_that_property_can_fail() -> None:
    """A list that calls a tracker necessary is found out."""
    bad = [replace(e, category="necessary") if e.pattern == "_fbp" else e for e in OWN.entries]
    broken = replace(OWN, entries=tuple(bad))
    assert propose(Seen("_fbp", "example.com"), broken).category == "necessary"


def test_a_generic_name_is_necessary_only_where_nothing_points_elsewhere() -> None:
    generic = [entry for entry in OWN.entries if entry.generic and entry.category == "necessary"]
    assert len(generic) > 100
    for entry in generic:
        name = instance(entry)
        assert propose(Seen(name, "example.com", party="third")).category != "necessary", name
        assert propose(Seen(name, "adnxs.com")).category != "necessary", name
        by_tag = Seen(name, "example.com", script="https://connect.facebook.net/en/fbevents.js")
        assert propose(by_tag).category != "necessary", name


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("PHPSESSID", "www.example.com"),
        ("JSESSIONID", "example.com"),
        ("ASP.NET_SessionId", "example.com"),
        ("csrftoken", "example.com"),
        ("XSRF-TOKEN", "example.com"),
        ("laravel_session", "example.com"),
        ("wordpress_logged_in_0123", "example.com"),
        ("woocommerce_cart_hash", "example.com"),
        ("AWSALB", "example.com"),
        ("__cf_bm", ".vimeo.com"),
        ("cf_clearance", "example.com"),
        ("ak_bmsc", "example.com"),
        ("visid_incap_123", "example.com"),
        ("incap_ses_1_2", "example.com"),
        ("__stripe_mid", "example.com"),
        ("OptanonConsent", "example.com"),
        ("CookieConsent", "example.com"),
        ("euconsent-v2", "example.com"),
        ("crumbtrail", "example.com"),
        ("form_key", "example.com"),
    ],
)
def test_what_a_website_cannot_do_without_is_known(name: str, domain: str) -> None:
    found = propose(Seen(name, domain))
    assert found.category == "necessary" and not found.needs_consent and found.purpose


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("https://www.googletagmanager.com/gtag/js?id=G-1", "google-tag-manager"),
        ("https://www.google-analytics.com/g/collect", "google-analytics"),
        ("//connect.facebook.net/en_US/fbevents.js", "meta"),
        ("https://www.google.com/recaptcha/api.js", "recaptcha"),
        ("https://www.google.com/maps/embed", "google-maps"),
        ("https://www.google.com/ads/ga-audiences?x=1", "google"),
        ("https://static.hotjar.com:443/c/hotjar-1.js", "hotjar"),
        (".ib.adnxs.com", "xandr"),
        ("example.com", None),
        ("notadnxs.com", None),
        ("", None),
    ],
)
def test_a_host_leads_to_its_service(place: str, key: str | None) -> None:
    found = service_of(place)
    assert (found and found.key) == key


def test_the_supplement_of_our_own_is_covered() -> None:
    names = """csrftoken sessionid session connect.sid __Secure-next-auth.session-token __ar_v4
    __adroll __adroll_fpc l7_geoip xl7ref xl7ppc xl7a l7p_currency klaro tarteaucitron _mtm_consent
    li_at __Secure-YEC ph_x_posthog _dd_s amp_1 AMP_1 optimizely_session ajs_anonymous_id
    ajs_user_id"""
    unknown = [name for name in names.split() if not propose(Seen(name)).pattern]
    assert unknown == []


def test_nothing_of_the_open_cookie_database_is_shipped() -> None:
    for file in FOLDER.iterdir():
        text = file.read_text("utf-8")
        assert "256c1410-d881-11e9" not in text and "Data Controller" not in text
    with (FOLDER / "hosts.csv").open(encoding="utf-8", newline="") as lines:
        assert next(csv.reader(lines)) == ["host", "category"]

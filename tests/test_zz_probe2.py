import pytest
pytestmark = pytest.mark.sqlite_only
def test_x(page, visit):
    page = visit()
    page.wait_for_function("consent.get() !== null")
    page.evaluate("consent.set({statistics: true})")
    page.wait_for_timeout(1500)
    print(page.evaluate("JSON.stringify([consent.get(), window.__ran, dataLayer.length])"))
    page.evaluate("consent.set({'google-analytics': false})"); page.wait_for_timeout(500)
    print(page.evaluate("JSON.stringify([consent.get(), window.__ran])"))
    page.evaluate("consent.set({statistics: true})"); page.wait_for_timeout(500)
    print(page.evaluate("JSON.stringify([consent.get(), window.__ran])"))
    page.evaluate("consent.set({'ppc-referrer': true})"); page.wait_for_timeout(500)
    print(page.evaluate("JSON.stringify([consent.get(), window.__ran])"))
def test_y(page, server):
    # from the page's first script, through the stub
    page.add_init_script("addEventListener('DOMContentLoaded', () => consent.set({statistics: true}))")
    page.goto(f"{server.url}/demo/@PL/voipstudio.pl/"); page.wait_for_timeout(1500)
    print(page.evaluate("JSON.stringify([consent.get(), window.__ran])"), page.locator("#cmp-dialog").count())

// Stand-in for the tag that measures which paid clicks end in an order.
(function () {
  var home = new URL(document.currentScript.src).origin;
  var seen = Date.now().toString(36).toUpperCase();
  document.cookie = "_ar_V4=" + seen + "%3A20261121%3A1; path=/; max-age=31536000; SameSite=Lax";
  new Image().src = home + "/demo-tags/pixel.gif?conversion=" + seen;
  (window.__ran = window.__ran || []).push("ppc");
})();

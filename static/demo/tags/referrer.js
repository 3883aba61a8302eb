// Stand-in for the company's own script that remembers where a paid click came from.
(function () {
  var from = encodeURIComponent(document.referrer || location.href);
  document.cookie = "Xl7ref=" + from + "; path=/; max-age=31536000; SameSite=Lax";
  (window.__ran = window.__ran || []).push("referrer");
})();

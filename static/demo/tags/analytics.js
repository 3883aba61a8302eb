// Stand-in for Google Analytics. Like the real one it sets its cookies on the page's own host, for
// every path, so that taking consent back has something real to delete.
(function () {
  var home = new URL(document.currentScript.src).origin;
  var unique = Math.floor(Math.random() * 1e9) + "." + Math.floor(Date.now() / 1000);
  function keep(name, value, seconds) {
    if (document.cookie.indexOf(name + "=") < 0) {
      document.cookie = name + "=" + value + "; path=/; max-age=" + seconds + "; SameSite=Lax";
    }
  }
  keep("_ga", "GA1.1." + unique, 63072000);
  keep("_gid", "GA1.1." + unique, 86400);
  keep("_gat", "1", 60);

  function report(event) {
    var client = (document.cookie.match(/(?:^|; )_ga=([^;]*)/) || [])[1] || "";
    navigator.sendBeacon(
      home + "/demo-tags/collect",
      new URLSearchParams({ t: event, cid: client, dl: location.pathname }),
    );
  }
  var queue = (window.dataLayer = window.dataLayer || []);
  function read(entry) {
    if (entry && entry[0] === "event") report(entry[1]);
  }
  Array.prototype.forEach.call(queue, read);
  var push = queue.push;
  queue.push = function () {
    Array.prototype.forEach.call(arguments, read);
    return push.apply(queue, arguments);
  };
  report("page_view");
  (window.__ran = window.__ran || []).push("analytics");
})();

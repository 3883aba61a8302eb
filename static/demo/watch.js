// The demo bar's own window into the page: which of the policy's cookies exist right now.
(function () {
  var list = document.querySelector("[data-watched]");
  if (!list) return;
  var names = list.dataset.watched.split(" ");
  var items = Array.prototype.slice.call(list.querySelectorAll("li"));
  var none = list.dataset.absent;
  var some = list.dataset.present;
  var before = null;
  function look() {
    var now = document.cookie.split("; ").map(function (cookie) {
      return cookie.split("=")[0];
    });
    if (now.join() === before) return;
    before = now.join();
    names.forEach(function (name, at) {
      var there = now.indexOf(name) >= 0;
      items[at].dataset.there = there ? "yes" : "no";
      items[at].querySelector(".state").textContent = there ? some : none;
    });
  }
  look();
  setInterval(look, 400);
})();

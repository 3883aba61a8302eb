// What a site's own script does: tells its analytics, which may or may not be there.
document.addEventListener("click", function (click) {
  var told = click.target.closest("[data-event]");
  if (told && typeof window.gtag === "function") window.gtag("event", told.dataset.event);
});

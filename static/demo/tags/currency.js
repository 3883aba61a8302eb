// Stand-in for the company's own script that shows prices in the visitor's currency.
(function () {
  var currencies = { PL: "PLN", FR: "EUR", DE: "EUR", CA: "CAD", US: "USD", GB: "GBP" };
  var country = document.documentElement.dataset.country || "PL";
  var currency = currencies[country] || "EUR";
  var known = JSON.stringify({ country: country, currency: currency });
  document.cookie = "L7_geoip=" + known + "; path=/; max-age=86400; SameSite=Lax";
  document.querySelectorAll("[data-prices]").forEach(function (price) {
    var amount = JSON.parse(price.dataset.prices)[currency];
    var form = { style: "currency", currency: currency, maximumFractionDigits: 0 };
    if (amount) price.textContent = new Intl.NumberFormat(document.documentElement.lang, form).format(amount);
  });
  (window.__ran = window.__ran || []).push("currency");
})();

/* A nicety: what a form shows follows the form. Without this file its button does the same. */
"use strict";

for (const form of document.querySelectorAll("form[data-live]")) {
  let turn = 0;
  let timer = 0;
  const show = async () => {
    const mine = ++turn;
    const filled = new FormData(form);
    const asks = form.method === "get";
    const address = asks ? `${form.dataset.live}?${new URLSearchParams(filled)}` : form.dataset.live;
    try {
      const answer = await fetch(address, asks ? {} : { method: "POST", body: filled });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== turn) return;
      for (const place of document.querySelectorAll("[data-shown]")) {
        const fresh = page.getElementById(place.id);
        if (fresh) place.replaceWith(fresh);
      }
      if (asks) history.replaceState(null, "", address);
    } catch {
      /* the server may be away; the button asks again */
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 250);
  });
}

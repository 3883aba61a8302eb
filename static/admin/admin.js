/* Niceties only: every page works without this file. */
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  if (!field) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");
    }
    const word = button.textContent;
    button.textContent = document.body.dataset.copied;
    setTimeout(() => { button.textContent = word; }, 2000);
  });
}

/* A row of links that is longer than the page begins where the reader is. */
for (const here of document.querySelectorAll(".top nav [aria-current], .tabs [aria-current]")) {
  const row = here.parentElement;
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

/* What the Tab key comes to is shown whole, in its row and on the page; of a long field a browser shows one line. */
addEventListener("focusin", ({ target }) => {
  if (target.matches("a, button, input, select, textarea, summary") && target.matches(":focus-visible")) {
    target.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  }
});

/* A menu closes by Escape, which goes back to what opened it, and by going elsewhere. */
for (const menu of document.querySelectorAll("details.switch")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  for (const kind of ["click", "focusin"]) {
    addEventListener(kind, (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }
}

/* What is about to be sent is sent once. */
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

/* A page that waits for a scan says how far it is, and shows the result when it is there. */
for (const place of document.querySelectorAll("[data-progress]")) {
  const words = place.querySelector("[data-words]");
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.progress, { headers: { accept: "application/json" } });
      const told = await answer.json();
      if (told.state !== "queued" && told.state !== "running") return location.reload();
      if (words.textContent !== told.words) words.textContent = told.words;
    } catch {
      /* the server may be away; the page can be loaded anew */
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 500);
}

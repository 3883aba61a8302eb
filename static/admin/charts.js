/* A nicety: a chart of columns says its numbers under the pointer, and by the arrow keys. Without
   this file they are in each column's title and in the table below. */
"use strict";

for (const chart of document.querySelectorAll("svg[data-told]")) {
  const told = document.getElementById(chart.dataset.told);
  const hits = [...chart.querySelectorAll(".hit")];
  let at = hits.length - 1;
  const show = (number) => {
    hits[at].classList.remove("at");
    at = Math.max(0, Math.min(hits.length - 1, number));
    hits[at].classList.add("at");
    told.textContent = hits[at].querySelector("title").textContent;
  };
  const end = () => {
    hits[at].classList.remove("at");
    told.textContent = "";
  };
  told.hidden = false;
  chart.tabIndex = 0;
  chart.addEventListener("focus", () => show(at));
  chart.addEventListener("blur", end);
  chart.addEventListener("pointerleave", end);
  chart.addEventListener("pointerover", (event) => {
    const number = hits.indexOf(event.target);
    if (number >= 0) show(number);
  });
  chart.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: hits.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(steps[event.key]);
  });
}

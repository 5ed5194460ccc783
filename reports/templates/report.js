"use strict";
// Shows the claims that the form asks for, and only these. Without scripts, the page shows all of them.
const form = document.getElementById("filters");
const claims = Array.from(document.querySelectorAll("article.claim"));
const rows = new Map(Array.from(document.querySelectorAll("tr[data-claim]"), (row) => [row.dataset.claim, row]));
const theorems = Array.from(document.querySelectorAll("tr[data-theorem]"), (row) => [
  row,
  document.getElementById(row.dataset.theorem),
]);
const papers = Array.from(document.querySelectorAll("#matrix tbody"));
const texts = new Map();

function textOf(claim) {
  // As it was written too, "t^-1/2" for one: typeset formulas read otherwise.
  const { source, words } = claim.dataset;
  if (!texts.has(claim)) texts.set(claim, `${source} ${words} ${claim.textContent}`.toLowerCase());
  return texts.get(claim);
}

function asked(claim) {
  const { paper, verdict, kind, words } = Object.fromEntries(new FormData(form));
  const told = claim.dataset;
  return (
    (!paper || paper === told.paper) &&
    (!verdict || verdict === told.verdict || (verdict === "unverified" && told.verified === "no")) &&
    (!kind || kind === told.kind) &&
    words.toLowerCase().split(/\s+/).every((word) => textOf(claim).includes(word))
  );
}

function show() {
  let shown = 0;
  for (const claim of claims) {
    claim.hidden = !asked(claim);
    rows.get(claim.dataset.claim).hidden = claim.hidden;
    shown += !claim.hidden;
  }
  for (const [row, section] of theorems) {
    row.hidden = section.hidden = !section.querySelector("article:not([hidden])");
  }
  for (const paper of papers) paper.hidden = !paper.querySelector("tr[data-theorem]:not([hidden])");
  form.querySelector("output").textContent = `${shown} of ${claims.length} claims`;
}

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    form.reset();
    target.scrollIntoView();
  }
}

form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => {
  for (const field of form.elements) if ("value" in field) field.value = "";
  show();
});
window.addEventListener("hashchange", reveal);
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) details.open = true;
  for (const picture of document.querySelectorAll("img[loading=lazy]")) picture.loading = "eager";
});
show(); // a browser may have kept what was asked for

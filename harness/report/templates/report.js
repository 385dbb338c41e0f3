"use strict";
(function () {
  const body = (table) => table.tBodies[0];

  function compare(a, b, numeric) {
    return numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true });
  }

  function sort(table, index, descending, numeric) {
    const key = (row) => row.cells[index].dataset.sort;
    const rows = Array.from(body(table).rows);
    const known = rows.filter((row) => key(row) !== "");
    const missing = rows.filter((row) => key(row) === "");
    const sign = descending ? -1 : 1;
    known.sort((a, b) => sign * compare(key(a), key(b), numeric));
    body(table).append(...known, ...missing);
  }

  function onHeading(event) {
    const button = event.target.closest("th[aria-sort] button");
    if (!button) return;
    const heading = button.closest("th");
    const numeric = !heading.classList.contains("text");
    const before = heading.getAttribute("aria-sort");
    const bestFirst = numeric && !heading.classList.contains("rank");
    const descending = before === "none" ? bestFirst : before === "ascending";
    for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    sort(heading.closest("table"), heading.cellIndex, descending, numeric);
  }

  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  }

  document.addEventListener("click", onHeading);
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();

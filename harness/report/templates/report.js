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

  function filter() {
    const chosen = Array.from(document.querySelectorAll("#toolbar .filter"), (select) => [select.dataset.trait, select.value]);
    let rows = 0;
    for (const board of document.querySelectorAll(".board[data-task]")) {
      let kept = 0;
      for (const row of body(board.querySelector("table.ranked")).rows) {
        row.hidden = chosen.some(([trait, value]) => value && trait !== "task" && row.dataset[trait] !== value);
        kept += !row.hidden;
      }
      const task = chosen.find(([trait]) => trait === "task");
      board.hidden = !kept || Boolean(task && task[1] && board.dataset.task !== task[1]);
      if (!board.hidden) rows += kept;
    }
    const narrowed = chosen.some(([, value]) => value);
    document.getElementById("shown").textContent = narrowed ? `${rows} rows are left; places and pictures are those of all models` : "";
  }

  function switchColumn(box) {
    for (const table of document.querySelectorAll("table.ranked")) {
      const headings = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
      const index = headings.findIndex((cell) => cell.textContent.trim() === box.value);
      if (index < 0) continue;
      headings[index].hidden = !box.checked;
      for (const row of body(table).rows) row.cells[index].hidden = !box.checked;
      let from = 0;
      for (const group of table.querySelectorAll(".groups > *")) {
        const all = Number(group.dataset.columns);
        const kept = headings.slice(from, from + all).filter((cell) => !cell.hidden).length;
        group.hidden = !kept;
        group.colSpan = kept || 1;
        from += all;
      }
    }
  }

  const toolbar = document.getElementById("toolbar");
  if (toolbar) {
    toolbar.hidden = false;
    toolbar.addEventListener("change", (event) => event.target.type === "checkbox" ? switchColumn(event.target) : filter());
  }
  document.addEventListener("click", onHeading);
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();

"use strict";
{
  const grid = document.getElementById("grid");
  const body = grid.tBodies[0];
  const rows = Array.from(body.rows);
  const search = document.getElementById("search");
  const answer = document.getElementById("answer");
  const shown = document.getElementById("shown");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const collator = new Intl.Collator("en", { numeric: true });
  const number = new Intl.NumberFormat("en");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = words.every((word) => texts.get(row).includes(word))
        && (!answer.value || row.dataset.answers.split(" ").includes(answer.value));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count === rows.length
      ? `${number.format(count)} samples.`
      : `${number.format(count)} of ${number.format(rows.length)} samples.`;
  };

  const value = (row, column, kind) => {
    const cell = row.cells[column];
    return kind === "text" ? cell.textContent : cell.dataset.order;
  };

  const compare = (a, b, kind) => (kind === "text" ? collator.compare(a, b) : a - b);

  const sort = (head) => {
    const { kind } = head.dataset;
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const values = new Map(rows.map((row) => [row, value(row, head.cellIndex, kind)]));
    // in the order of the sheet before, for sorting keeps the order of rows that are alike
    const sorted = [...rows].sort((one, other) => {
      const [a, b] = [values.get(one), values.get(other)];
      // what is missing comes last, whatever the order
      return (a === "") - (b === "") || sign * compare(a, b, kind);
    });
    for (const other of grid.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    body.append(...sorted);
  };

  for (const head of grid.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head));
    head.replaceChildren(button);
  }
  search.addEventListener("input", filter);
  answer.addEventListener("change", filter);
  document.getElementById("reset").addEventListener("click", () => {
    search.value = "";
    answer.value = "";
    filter();
  });
  document.querySelector(".controls").hidden = false;
}

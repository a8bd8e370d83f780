// Sorts, filters and pages the list of all images. Without it the list is there as a whole, folded when it is long.
(() => {
  "use strict";
  const PAGE = 100;
  const table = document.getElementById("all-images");
  if (!table) return;
  const body = table.tBodies[0];
  const tools = document.getElementById("images-tools");
  const filter = document.getElementById("images-filter");
  const shown = document.getElementById("images-shown");
  const previous = document.getElementById("images-previous");
  const next = document.getElementById("images-next");
  const heads = Array.from(table.tHead.rows[0].cells);
  const all = Array.from(body.rows);
  const texts = [];
  const values = [];
  let rows = all.map((_, number) => number);
  let sorted = { column: -1, down: false };
  let first = 0;

  const group = new Intl.NumberFormat("en").format;
  const text = (number) => (texts[number] ??= all[number].textContent.toLowerCase());
  const value = (number, column) => {
    const known = (values[column] ??= []);
    if (known[number] === undefined) {
      const cell = all[number].cells[column];
      known[number] = cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
    }
    return known[number];
  };
  const compare = (one, other) => {
    if (typeof one === "number" || typeof other === "number") return Number(one) - Number(other);
    return one < other ? -1 : one > other ? 1 : 0;
  };

  const show = () => {
    const last = Math.min(first + PAGE, rows.length);
    body.replaceChildren(...rows.slice(first, last).map((number) => all[number]));
    const of = rows.length === all.length ? group(all.length) : `${group(rows.length)} found in ${group(all.length)}`;
    shown.textContent = rows.length ? `${group(first + 1)} to ${group(last)} of ${of}` : `none found in ${group(all.length)}`;
    previous.disabled = first === 0;
    next.disabled = last === rows.length;
  };
  const arrange = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows = all.map((_, number) => number);
    if (words.length) rows = rows.filter((number) => words.every((word) => text(number).includes(word)));
    const { column, down } = sorted;
    if (column >= 0) {
      rows.sort((one, other) => compare(value(one, column), value(other, column)) * (down ? -1 : 1) || one - other);
    }
    first = 0;
    show();
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      sorted = { column, down: sorted.column === column && !sorted.down };
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      arrange();
    });
    head.replaceChildren(button);
  });
  let waiting = 0;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(arrange, 120);
  });
  const turn = (by) => {
    first += by * PAGE;
    show();
  };
  previous.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  previous.hidden = next.hidden = all.length <= PAGE;
  tools.hidden = false;
  show();
  document.getElementById("images-fold").open = true;
})();

// A table whose rows are kept by key: cells change in place.
import { h, setAttribute, setText } from "./dom.js";

/** Columns: [{label, class}]. `onpick(row)` makes the rows with `pick` selectable by mouse and keyboard. */
export function makeTable(caption, columns, onpick) {
  const body = h("tbody");
  const head = h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.class, title: c.title }, c.label)));
  const node = h("table", {}, h("caption", { class: "unseen" }, caption), h("thead", {}, head), body);
  const kept = new Map();

  function makeRow(row) {
    const tr = h("tr", { "data-key": row.key }, columns.map((c) => h("td", { class: c.class })));
    if (row.pick && onpick) {
      tr.tabIndex = 0;
      tr.addEventListener("click", () => onpick(row.pick));
      tr.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          onpick(row.pick);
        }
      });
    }
    return tr;
  }

  function fill(tr, row) {
    setAttribute(tr, "class", row.class || null);
    setAttribute(tr, "aria-selected", row.selected === undefined ? null : row.selected);
    row.cells.forEach((cell, i) => {
      const td = tr.cells[i];
      const value = typeof cell === "object" && cell !== null ? cell : { text: cell };
      setText(td, value.text ?? "");
      setAttribute(td, "class", [columns[i].class, value.class].filter(Boolean).join(" ") || null);
      setAttribute(td, "title", value.title);
    });
  }

  function update(rows, nothing) {
    const seen = new Set();
    rows.forEach((row, i) => {
      let tr = kept.get(row.key);
      if (!tr) kept.set(row.key, (tr = makeRow(row)));
      fill(tr, row);
      seen.add(row.key);
      if (body.children[i] !== tr) body.insertBefore(tr, body.children[i] ?? null);
    });
    for (const [key, tr] of kept) {
      if (!seen.has(key)) {
        tr.remove();
        kept.delete(key);
      }
    }
    let empty = body.querySelector("tr.empty");
    if (rows.length || !nothing) empty?.remove();
    else if (empty) setText(empty.firstChild, nothing);
    else body.append(h("tr", { class: "empty" }, h("td", { colspan: columns.length }, nothing)));
  }

  return { node, update };
}

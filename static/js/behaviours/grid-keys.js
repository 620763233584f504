// In a table that is marked as a grid, the arrow keys move from cell to cell; Home and End go to the ends of a row.
{
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  function cellsOf(table) {
    return [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => [...row.cells]);
  }

  function focusOn(cell) {
    const target = cell.querySelector("a, button") ?? cell;
    if (target === cell) cell.tabIndex = -1;
    target.focus();
  }

  document.addEventListener("keydown", (event) => {
    const table = event.target.closest?.("table[data-grid]");
    const cell = event.target.closest?.("td, th");
    if (!table || !cell || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = cellsOf(table);
    const row = rows.findIndex((cells) => cells.includes(cell));
    if (row < 0) return;
    const column = rows[row].indexOf(cell);
    let to;
    if (event.key in STEPS) to = rows[row + STEPS[event.key][0]]?.[column + STEPS[event.key][1]];
    else if (event.key === "Home") to = rows[row][0];
    else if (event.key === "End") to = rows[row].at(-1);
    if (!to) return;
    event.preventDefault();
    focusOn(to);
  });
}

// A review by the keyboard: marks, cells, comments, and "save and next". `data-keys` lists the keys.
const sheet = document.querySelector("[data-keys]");
const page = document.querySelector("[data-review]");
const rubric = page?.querySelector("[data-rubric]");
if (rubric) {
  sheet?.removeAttribute("hidden");
  const cells = [...page.querySelectorAll("[data-cell]")];
  const criteria = [...rubric.querySelectorAll(".segments")];
  const radios = (criterion) => [...criterion.querySelectorAll("input[type=radio]")];
  const isMarked = (criterion) => radios(criterion).some((radio) => radio.checked);
  cells.forEach((cell) => { cell.tabIndex = -1; });
  const toCell = (cell) => { cell?.focus({ preventScroll: true }); cell?.scrollIntoView({ block: "nearest" }); };
  const toCriterion = (criterion) => (radios(criterion).find((radio) => radio.checked) ?? radios(criterion)[0])?.focus();
  const here = (things) => things.findIndex((thing) => thing.contains(document.activeElement));
  const inView = () => Math.max(0, cells.findIndex((cell) => cell.getBoundingClientRect().bottom > 80));
  const move = (by) => {
    const at = here(criteria);
    if (at >= 0) return toCriterion(criteria[Math.min(Math.max(at + by, 0), criteria.length - 1)]);
    const cell = here(cells);
    toCell(cells[cell < 0 ? inView() : Math.min(Math.max(cell + by, 0), cells.length - 1)]);
  };
  const mark = (n) => {
    const at = here(criteria);
    const criterion = criteria[at >= 0 ? at : criteria.findIndex((each) => !isMarked(each))];
    const radio = criterion && radios(criterion)[n - 1];
    if (!radio) return;
    radio.click();
    const next = criteria[criteria.indexOf(criterion) + 1];
    next ? toCriterion(next) : rubric.querySelector("textarea")?.focus();
  };
  const comment = () => {
    const cell = cells[here(cells)] ?? cells[inView()];
    const box = [...(cell?.querySelectorAll("details.more") ?? [])].find((each) => each.querySelector("[name=text]") && !each.querySelector("[name=parent]"));
    for (let each = box; each; each = each.parentElement?.closest("details")) each.open = true;
    box?.querySelector(":scope > form textarea")?.focus();
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    r: () => toCriterion(criteria.find((each) => !isMarked(each)) ?? criteria[0]),
    w: () => toCell(cells[inView()]),
    c: comment,
    "?": () => { sheet.open = !sheet.open; if (sheet.open) sheet.scrollIntoView({ block: "nearest" }); },
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("textarea, select, [contenteditable], input:not([type=radio])");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = field && page.contains(field) && field.form ? field.form : rubric;
      event.preventDefault();
      return form.requestSubmit(form.querySelector("button:not([type=button])"));
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (field) { if (event.key === "Escape") field.blur(); return; }
    const act = /^[1-9]$/.test(event.key) ? () => mark(Number(event.key)) : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// A list under a search box while somebody types: arrows choose, Enter opens, Escape closes. Without it the form does all.
document.querySelectorAll("input[data-suggest]").forEach((box, number) => {
  const list = document.createElement("div");
  list.id = `suggested-under-${number}`;
  list.className = "suggested";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Found so far");
  list.hidden = true;
  const told = document.createElement("p");
  told.className = "vh";
  told.setAttribute("role", "status");
  box.after(list, told);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);
  let timer, asked, chosen = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];

  const close = () => {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    chosen = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };

  const choose = (which) => {
    const all = options();
    chosen = which < -1 ? all.length - 1 : which >= all.length ? -1 : which;
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    if (chosen < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  };

  const ask = async () => {
    const words = box.value.trim();
    asked?.abort();
    if (words.length < 2) return close();
    asked = new AbortController();
    try {
      const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(words)}`, {
        signal: asked.signal, headers: { "X-Requested-With": "fetch" },
      });
      if (!answer.ok || answer.redirected) return close();
      const html = await answer.text();
      if (box.value.trim() !== words || document.activeElement !== box) return;
      list.innerHTML = html;
      options().forEach((option, at) => { option.id = `${list.id}-${at}`; });
      list.querySelectorAll("[role=group]").forEach((group, at) => {
        group.firstElementChild.id = `${list.id}-kind-${at}`;
        group.setAttribute("aria-labelledby", `${list.id}-kind-${at}`);
      });
      const found = options().length;
      list.hidden = !found;
      box.setAttribute("aria-expanded", String(found > 0));
      choose(-1);
      told.textContent = found ? `${found} found so far; arrow keys choose, Enter searches everything.` : "";
    } catch (problem) {
      if (problem.name !== "AbortError") close();
    }
  };

  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 160); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); close(); }
    else if (event.key === "ArrowDown" && list.hidden && box.value.trim()) { event.preventDefault(); ask(); }
    else if (list.hidden) return;
    else if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); location.href = options()[chosen].href; }
  });
  // A press on an option takes the focus first; the list must still be there when the finger leaves it.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  box.addEventListener("blur", close);
  addEventListener("pageshow", close);
});

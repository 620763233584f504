// A formula is written in a dialog with its picture beside it: MathML, made by the server like that of every page.
clubEditor.part("formula", (box, text) => {
  const dialog = document.querySelector("[data-formula-dialog]");
  const { previewUrl } = box.dataset;
  if (!dialog || !previewUrl) return;
  const find = (name) => dialog.querySelector(`[data-formula-${name}]`);
  const tex = find("tex"), display = find("display"), shown = find("shown");
  const written = () => (display.checked ? `$$\n${tex.value.trim()}\n$$` : `$${tex.value.trim().replace(/\s*\n\s*/g, " ")}$`);

  let timer, asked = 0;
  const look = async () => {
    const number = ++asked;
    if (!tex.value.trim()) { shown.replaceChildren(); return; }
    try {
      const answer = await clubEditor.ask(box, previewUrl, { content: written() });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const html = await answer.text();
      if (number === asked) shown.innerHTML = html; // sanitised by the server, as everywhere
    } catch { if (number === asked) shown.textContent = "Its picture did not arrive. You can insert it all the same."; }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(look, 300); };

  clubEditor.button(box, "Formula", () => {
    const start = text.selectionStart, end = text.selectionEnd;
    const picked = text.value.slice(start, end).trim();
    tex.value = picked.replace(/^\${1,2}|\${1,2}$/g, "").trim();
    display.checked = picked.startsWith("$$");
    look();
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      const words = dialog.returnValue === "insert" && tex.value.trim() ? written() : "";
      text.focus();
      text.setSelectionRange(start, end);
      if (words) clubEditor.write(text, display.checked ? `${start && text.value[start - 1] !== "\n" ? "\n" : ""}${words}\n` : words, start, end);
    }, { once: true });
    dialog.showModal();
    tex.focus();
  });
  if (dialog.dataset.attached) return;
  dialog.dataset.attached = "yes";
  tex.addEventListener("input", soon);
  display.addEventListener("change", look);
  tex.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); dialog.close("insert"); }
  });
  find("insert").addEventListener("click", () => dialog.close("insert"));
  find("close").addEventListener("click", () => dialog.close(""));
  dialog.querySelectorAll("[data-formula-put]").forEach((button) => button.addEventListener("click", () => {
    clubEditor.write(tex, button.dataset.formulaPut);
    look();
  }));
});

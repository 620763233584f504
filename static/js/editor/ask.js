// What the parts of the editor share: asking the portal, writing where the caret is, saying something, attaching once.
const parts = [];
const attachAll = () => document.querySelectorAll("[data-editor]").forEach((box) => parts.forEach((part) => {
  const mark = `attached-${part.name}`;
  if (box.editorParts?.has(mark)) return;
  (box.editorParts ??= new Set()).add(mark);
  part.attach(box, box.querySelector("textarea"));
}));
document.addEventListener("htmx:load", attachAll);

globalThis.clubEditor = {
  /** Each part gives its name and what it does with an editor; it is called once for each editor. */
  part(name, attach) { parts.push({ name, attach }); attachAll(); },
  token: (box) => box.closest("form")?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "",
  ask(box, url, body) {
    const data = new FormData();
    for (const [name, value] of Object.entries(body)) data.append(name, value);
    return fetch(url, { method: "POST", body: data, headers: { "X-CSRFToken": this.token(box) }, credentials: "same-origin" });
  },
  /** Put `words` in the place of what is chosen, in a way that Ctrl+Z takes back. */
  write(text, words, start = text.selectionStart, end = text.selectionEnd) {
    text.focus();
    text.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, words)) {
      text.setRangeText(words, start, end, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  },
  say(box, words) { box.querySelector("[data-editor-status]").textContent = words; },
  path: (box) => box.closest("form")?.dataset.pagePath ?? box.closest("form")?.elements.path?.value ?? "",
  button(box, label, press) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet", textContent: label });
    made.addEventListener("click", press);
    box.querySelector("[data-editor-tools]").prepend(made);
    return made;
  },
};

// The preview below the text, made by the server a moment after the last key.
clubEditor.part("preview", (box, text) => {
  const shown = box.querySelector("[data-editor-shown]");
  const toggle = box.querySelector("[data-editor-preview]");
  const { previewUrl } = box.dataset;
  box.querySelector("[data-editor-tools]").hidden = false;
  if (!toggle || !previewUrl) return;

  let timer, asked = 0;
  const preview = async () => {
    const number = ++asked;
    try {
      const answer = await clubEditor.ask(box, previewUrl, { content: text.value, path: clubEditor.path(box) });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const html = await answer.text();
      if (number !== asked) return; // a later one is on its way
      shown.innerHTML = html; // sanitised by the server, as everywhere
      clubEditor.say(box, "");
    } catch {
      clubEditor.say(box, "The preview did not arrive. What you typed is kept.");
    }
  };
  toggle.addEventListener("click", () => {
    shown.hidden = !shown.hidden;
    toggle.setAttribute("aria-pressed", String(!shown.hidden));
    if (!shown.hidden) preview();
  });
  text.addEventListener("input", () => {
    clearTimeout(timer);
    if (!shown.hidden) timer = setTimeout(preview, 600);
  });
});

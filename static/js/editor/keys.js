// Ctrl+S saves and Ctrl+Enter shows the preview, with the Command key on a Mac; the caret stays where it is.
clubEditor.part("keys", (box, text) => {
  const form = text.form;
  const save = form?.querySelector("[data-save]");
  form?.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    if (event.key === "s" && save) {
      event.preventDefault();
      form.requestSubmit(save);
    } else if (event.key === "Enter" && event.target === text) {
      event.preventDefault();
      box.querySelector("[data-editor-preview]")?.click();
    }
  });
});

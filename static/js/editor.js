// The Markdown editor: preview beside the text, pictures by button, paste or drop. Attached by data-editor.
const token = (editor) => editor.closest("form")?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

const send = (editor, url, body) => {
  const data = new FormData();
  for (const [name, value] of Object.entries(body)) data.append(name, value);
  return fetch(url, { method: "POST", body: data, headers: { "X-CSRFToken": token(editor) }, credentials: "same-origin" });
};

const attach = (editor) => {
  if (editor.dataset.attached) return;
  editor.dataset.attached = "yes";
  const text = editor.querySelector("textarea");
  const status = editor.querySelector("[data-editor-status]");
  const shown = editor.querySelector("[data-editor-shown]");
  const toggle = editor.querySelector("[data-editor-preview]");
  const { previewUrl, uploadUrl } = editor.dataset;
  editor.querySelector("[data-editor-tools]").hidden = false;

  let timer;
  const preview = async () => {
    try {
      const answer = await send(editor, previewUrl, { content: text.value });
      if (!answer.ok) throw new Error(answer.status);
      shown.innerHTML = await answer.text(); // sanitised by the server, as everywhere
      status.textContent = "";
    } catch {
      status.textContent = "The preview did not arrive. What you typed is kept.";
    }
  };
  toggle?.addEventListener("click", () => {
    shown.hidden = !shown.hidden;
    toggle.setAttribute("aria-pressed", String(!shown.hidden));
    if (!shown.hidden) preview();
  });
  text.addEventListener("input", () => {
    clearTimeout(timer);
    if (!shown.hidden) timer = setTimeout(preview, 600);
  });

  const upload = async (file) => {
    status.textContent = `${file.name || "The picture"} is being stored…`;
    try {
      const answer = await send(editor, uploadUrl, { image: file });
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error([said.image ?? said.error].flat()[0] ?? "It could not be stored.");
      text.setRangeText(`${said.image_code}\n`, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
      status.textContent = "The picture is in the text. Say in the brackets what it shows.";
    } catch (error) {
      status.textContent = `${error.message} The text is unchanged.`;
    }
  };
  if (!uploadUrl) return;
  const pictures = (list) => [...(list ?? [])].filter((file) => file.type.startsWith("image/"));
  const take = (event, list) => {
    const found = pictures(list);
    if (!found.length) return;
    event.preventDefault();
    found.forEach(upload);
  };
  text.addEventListener("paste", (event) => take(event, event.clipboardData?.files));
  text.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  text.addEventListener("drop", (event) => take(event, event.dataTransfer?.files));
  editor.querySelector("[data-editor-picture]")?.addEventListener("change", (event) => {
    pictures(event.target.files).forEach(upload);
    event.target.value = "";
  });
};

const attachAll = () => document.querySelectorAll("[data-editor]").forEach(attach);
attachAll();
document.addEventListener("htmx:load", attachAll);

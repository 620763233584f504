// Pictures by button, paste or drop: how far they are, what they show, and then they are in the text.
clubEditor.part("pictures", (box, text) => {
  const { uploadUrl } = box.dataset;
  if (!uploadUrl) return;
  const plain = text.form?.querySelector("[data-plain-picture]");
  if (plain) plain.hidden = true;
  const make = (tag, more, ...inner) => {
    const made = Object.assign(document.createElement(tag), more);
    made.append(...inner);
    return made;
  };

  const send = (file, told) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", uploadUrl);
    request.setRequestHeader("X-CSRFToken", clubEditor.token(box));
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) told(event.loaded / event.total); });
    request.addEventListener("load", () => {
      const said = request.response ?? {};
      if (request.status === 200 && said.image_path) resolve(said.image_path);
      else reject(new Error([said.image ?? said.error].flat()[0] ?? "It could not be stored: you may have been signed out."));
    });
    request.addEventListener("error", () => reject(new Error("The portal did not answer.")));
    const data = new FormData();
    data.append("image", file);
    request.send(data);
  });

  // Asked of one picture after the other, in a box of its own above the text.
  const say = async (path, file) => new Promise((done) => {
    const id = `alt-${crypto.randomUUID()}`;
    const input = make("input", { id, type: "text", maxLength: 300, autocomplete: "off" });
    const put = make("button", { type: "button", className: "btn", textContent: "Put it into the text" });
    const leave = make("button", { type: "button", className: "btn quiet", textContent: "Leave it out" });
    const panel = make("div", { className: "panel stack close" },
      make("img", { src: path, alt: "", className: "editor-thumb" }),
      make("div", { className: "field" },
        make("label", { htmlFor: id, textContent: "What does the picture show?" }),
        make("p", { className: "hint", id: `${id}-hint`, textContent: "For whoever cannot see it. Leave it empty only if it adds nothing." }),
        input),
      make("div", { className: "actions" }, put, leave));
    panel.dataset.pictureAsked = file.name;
    input.setAttribute("aria-describedby", `${id}-hint`);
    const close = (isIn) => {
      panel.remove();
      if (isIn) clubEditor.write(text, `![${input.value.replace(/[[\]\n]/g, " ").trim()}](${path})\n`);
      else text.focus();
      clubEditor.say(box, isIn ? "The picture is in the text." : "The picture is left out.");
      done();
    };
    put.addEventListener("click", () => close(true));
    leave.addEventListener("click", () => close(false));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); close(true); }
      if (event.key === "Escape") { event.preventDefault(); close(false); }
    });
    box.append(panel);
    input.focus();
  });

  let queue = Promise.resolve();
  const take = (files) => files.forEach((file) => { queue = queue.then(async () => {
    const bar = make("progress", { max: 1, value: 0 });
    const waiting = make("p", { className: "hint" }, `${file.name || "The picture"} is on its way… `, bar);
    bar.setAttribute("aria-label", "How far the picture is");
    box.append(waiting);
    try {
      const path = await send(file, (share) => { bar.value = share; });
      waiting.remove();
      await say(path, file);
    } catch (error) {
      waiting.remove();
      clubEditor.say(box, `${error.message} The text is unchanged.`);
    }
  }); });

  const pictures = (list) => [...(list ?? [])].filter((file) => file.type.startsWith("image/"));
  const caught = (event, list) => {
    const found = pictures(list);
    if (!found.length) return;
    event.preventDefault();
    take(found);
  };
  text.addEventListener("paste", (event) => caught(event, event.clipboardData?.files));
  text.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  text.addEventListener("drop", (event) => caught(event, event.dataTransfer?.files));
  box.querySelector("[data-editor-picture]")?.addEventListener("change", (event) => {
    take(pictures(event.target.files));
    event.target.value = "";
  });
});

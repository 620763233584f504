// After [[ the pages that begin like what is typed, after @ the papers. A kind of completion says what was typed after its
// mark in the text before the caret on its line (or nothing), where to ask, and what is written: `mark` is how long the
// mark is, `taken` how much of what follows goes. The portal answers { found: [{ insert, label, detail }] }.
// Keys: up, down, Enter or Tab, Escape; a tap works too; a screen reader is told how many there are and which is chosen.
const kinds = (clubEditor.completions ??= []);
kinds.push({
  typed: (before) => /\[\[([^\[\]\n|#]{0,80})$/.exec(before)?.[1],
  url: (box) => box.dataset.pagesUrl,
  none: "Nothing is called that yet.",
  written: (row, after) => ({ words: `[[${row.insert}]]`, taken: after.startsWith("]]") ? 2 : 0, mark: 2 }),
});
kinds.push({
  // Not in a mail address, an address of the web or a word; `[-@key]` cites the year alone.
  typed: (before) => /(?:^|[^\p{L}\p{N}_.@/+\-=&?#:%~\\]|\[-|;\s*-)@([\p{L}\p{N}_][\w:./-]{0,80})$/u.exec(before)?.[1],
  url: (box) => box.dataset.papersUrl,
  none: "No paper is known by that.",
  written: (row, after) => ({ words: row.insert, taken: /^\w*(?:[:./-]\w+)*/.exec(after)[0].length, mark: 1 }),
});

/** Whether the end of `above` stands in a block of code, between backticks or in a formula on lines of its own. */
const isCode = (above) => {
  const lines = above.split("\n");
  const line = lines.at(-1);
  let fence = "";
  for (const each of lines) {
    const [, run, rest] = /^[\s>]*(?:(?:[-*+]|\d+[.)])\s+)*(`{3,}|~{3,}|\${2})(.*)$/.exec(each) ?? [];
    if (!run) { if (fence === "$$" && each.trimEnd().endsWith("$$")) fence = ""; continue; }
    if (!fence) { if (!rest.includes(run[0])) fence = run; }
    else if (run[0] === fence[0] && run.length >= fence.length && !rest.trim()) fence = "";
  }
  if (fence) return true;
  let run = "";
  for (const [found] of line.matchAll(/\\`|`+/g)) {
    if (!run) run = found.startsWith("\\") ? "" : found;
    else if (found.replace("\\", "") === run) run = "";
  }
  if (run) return true;
  // Indented by four after an empty line, and not part of a list.
  if (!/^( {4}|\t)/.test(line)) return false;
  const plain = lines.slice(0, -1).findLastIndex((each) => each.trim() && !/^( {4}|\t)/.test(each));
  const isList = plain >= 0 && /^\s*([-*+]|\d+[.)]|\[\^[^\]]*\]:)\s/.test(lines[plain]);
  return !isList && lines.length > plain + 1 && (plain < 0 || !lines[plain + 1].trim());
};

const copied = ["boxSizing", "width", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth",
  "borderRightWidth", "borderBottomWidth", "borderLeftWidth", "borderStyle", "fontFamily", "fontSize", "fontWeight",
  "lineHeight", "letterSpacing", "wordSpacing", "tabSize", "textIndent"];
/** Where the caret stands within the textarea's box. */
const place = (text) => {
  const mirror = document.createElement("div");
  const style = getComputedStyle(text);
  copied.forEach((name) => { mirror.style[name] = style[name]; });
  Object.assign(mirror.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word", insetInlineStart: "-200vw" });
  mirror.textContent = text.value.slice(0, text.selectionStart);
  const caret = mirror.appendChild(document.createElement("span"));
  caret.textContent = ".";
  document.body.append(mirror);
  const at = { top: caret.offsetTop - text.scrollTop + caret.offsetHeight, left: caret.offsetLeft };
  mirror.remove();
  return at;
};

let lists = 0;
clubEditor.part("complete", (box, text) => {
  const id = `completions-${++lists}`;
  const list = Object.assign(document.createElement("ul"), { id, className: "completions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  const holder = Object.assign(document.createElement("div"), { className: "editor-text" });
  text.before(holder);
  holder.append(text, list);
  text.setAttribute("aria-autocomplete", "list");
  let rows = [], chosen = -1, kind, length = 0, asked = 0, timer;

  const close = () => {
    asked += 1;
    clearTimeout(timer);
    if (list.hidden) return;
    list.hidden = true;
    rows = [];
    for (const name of ["role", "aria-expanded", "aria-controls", "aria-activedescendant"]) text.removeAttribute(name);
  };
  const choose = (index) => {
    chosen = (index + rows.length) % rows.length;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    text.setAttribute("aria-activedescendant", `${id}-${chosen}`);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = () => {
    const end = text.selectionStart;
    const { words, taken, mark } = kind.written(rows[chosen], text.value.slice(end));
    const start = end - length - mark;
    close();
    clubEditor.write(text, words, start, end + taken);
    clubEditor.say(box, "");
  };
  const show = (found) => {
    rows = found;
    if (!rows.length) { close(); clubEditor.say(box, kind.none); return; }
    list.replaceChildren(...rows.map((row, index) => {
      const option = Object.assign(document.createElement("li"), { id: `${id}-${index}` });
      option.setAttribute("role", "option");
      option.append(Object.assign(document.createElement("span"), { textContent: row.label }));
      if (row.detail) option.append(Object.assign(document.createElement("span"), { className: "small muted", textContent: row.detail }));
      // Before the textarea loses the focus.
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("click", () => { chosen = index; take(); });
      return option;
    }));
    const at = place(text);
    list.style.top = `${Math.min(Math.max(at.top, 0), text.offsetHeight)}px`;
    list.style.left = `${Math.max(0, Math.min(at.left, text.offsetWidth - 288))}px`;
    list.hidden = false;
    text.setAttribute("role", "combobox");
    text.setAttribute("aria-expanded", "true");
    text.setAttribute("aria-controls", id);
    list.scrollIntoView({ block: "nearest" }); // above the bar of a phone
    choose(0);
    clubEditor.say(box, `${rows.length === 1 ? "One" : rows.length} found. Arrow keys choose, Enter takes one, Escape closes.`);
  };
  const look = () => {
    const above = text.value.slice(0, text.selectionStart);
    const before = above.split("\n").at(-1);
    for (const each of kinds) {
      const typed = each.typed(before);
      const url = each.url(box);
      if (typed === undefined || !url || isCode(above)) continue;
      kind = each;
      length = typed.length;
      clearTimeout(timer);
      const number = ++asked;
      timer = setTimeout(async () => {
        try {
          const answer = await fetch(`${url}?${new URLSearchParams({ q: typed, path: clubEditor.path(box) })}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
          const said = answer.ok ? await answer.json() : { found: [] };
          if (number === asked && text.selectionStart === text.selectionEnd) show(said.found);
        } catch { close(); }
      }, 150);
      return;
    }
    close();
  };
  text.addEventListener("input", (event) => { if (!event.isComposing) look(); });
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const moves = { ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1), Enter: take, Tab: take,
      Escape: () => { close(); clubEditor.say(box, ""); } };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    moves[event.key]();
  });
  text.addEventListener("click", close);
});

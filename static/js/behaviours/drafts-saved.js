// A page that shows what somebody saved says so (data-draft-saved="7:page-12", of person 7): what this browser kept of it
// goes, if it is what this tab sent last. A new page or post is known by the name it was given (data-draft-new,
// data-draft-named).
document.querySelectorAll("[data-draft-saved]").forEach((element) => {
  const { draftSaved, draftNew, draftNamed, draftHead, draftAt } = element.dataset;
  const tidy = (words) => (words ?? "").replace(/\s+/g, " ").trim().toLowerCase();
  try {
    const key = sessionStorage.getItem("draft-sent") ?? "";
    const draft = JSON.parse(localStorage.getItem(key));
    if (!draft?.sent) return;
    // What was sent in vain, from this very version or long after, is not what stands here.
    if (draftHead ? Number(draft.fields.base || 0) >= Number(draftHead) : Math.abs(draft.sent - 1000 * draftAt) > 120_000) return;
    const name = key.slice(6, key.lastIndexOf("~"));
    const isNew = name === draftNew && tidy(draft.fields.path ?? draft.fields.title) === tidy(draftNamed);
    if (isNew || draftSaved.split(" ").some((one) => name === one || name.startsWith(`${one}#`))) localStorage.removeItem(key);
  } catch { /* storage is off, or holds something foreign: nothing to tidy */ }
});

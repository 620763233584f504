// A page that shows what somebody saved says so (data-draft-saved="page-12"): what this browser kept of it goes.
document.querySelectorAll("[data-draft-saved]").forEach((element) => {
  const { draftSaved, draftPath, draftHead, draftAt } = element.dataset;
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith("draft:")) continue;
      const name = key.slice(6);
      const draft = JSON.parse(localStorage.getItem(key));
      if (!draft?.sent) continue;
      // What was sent in vain, from this very version or long after, is not what stands here.
      if (draftHead ? Number(draft.base || 0) >= Number(draftHead) : Math.abs(draft.sent - 1000 * draftAt) > 120_000) continue;
      const isNew = name === "new" && draftPath && draft.path.trim().toLowerCase() === draftPath.toLowerCase();
      if (isNew || name === draftSaved || name.startsWith(`${draftSaved}#`)) localStorage.removeItem(key);
    }
  } catch { /* storage is off, or holds something foreign: nothing to tidy */ }
});

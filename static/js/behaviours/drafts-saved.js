// A page that shows what somebody saved says so (data-draft-saved="7:page-12", of person 7): what this browser kept of it goes.
document.querySelectorAll("[data-draft-saved]").forEach((element) => {
  const { draftPath, draftHead, draftAt } = element.dataset;
  const saved = element.dataset.draftSaved.split(" ");
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith("draft:")) continue;
      const name = key.slice(6);
      const draft = JSON.parse(localStorage.getItem(key));
      if (!draft?.sent) continue;
      // What was sent in vain, from this very version or long after, is not what stands here.
      if (draftHead ? Number(draft.base || 0) >= Number(draftHead) : Math.abs(draft.sent - 1000 * draftAt) > 120_000) continue;
      const isNew = name === saved[0].replace(/:.*/, ":new") && draftPath && draft.path.trim().toLowerCase() === draftPath.toLowerCase();
      if (isNew || saved.some((one) => name === one || name.startsWith(`${one}#`))) localStorage.removeItem(key);
    }
  } catch { /* storage is off, or holds something foreign: nothing to tidy */ }
});

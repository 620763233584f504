// The admin follows the theme chosen on the portal.
const chosen = document.cookie.match(/(?:^|;\s*)theme=(light|dark)/)?.[1];
document.documentElement.dataset.theme = chosen ?? "auto";

// Sets the theme before the first paint, so that a light page never flashes dark. web/app/theme.ts owns the key.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem("ciliascope.theme");
  } catch {
    // Storage is switched off: the system's wish decides.
  }
  const isLight = stored ? stored === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = isLight ? "light" : "dark";
})();

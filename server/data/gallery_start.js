// The keyboard, what is told at the top, and the start.

function toggleOverlay(key) {
  toggle(state.overlays, key);
  update();
}

function buildOverlays(home) {
  const groups = new Map();
  OVERLAYS.forEach((overlay, i) => {
    const name = overlay.group || overlay.key;
    if (!groups.has(name)) groups.set(name, el("span", { class: "group" }, overlay.group ? el("span", { class: "of" }, overlay.group) : null));
    const button = el("button", { type: "button", "aria-pressed": "false", title: `${overlay.says} (${i + 1})`, "aria-label": overlay.says, on: { click: () => toggleOverlay(overlay.key) } }, overlay.label);
    button.dataset.overlay = overlay.key;
    groups.get(name).append(button);
  });
  home.append(...groups.values());
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search]")) return;
  const number = parseInt(event.key, 10);
  if (number >= 1 && number <= OVERLAYS.length) return void toggleOverlay(OVERLAYS[number - 1].key);
  if (event.key === "/" && state.open === null) { event.preventDefault(); return void at("query").focus(); }
  if (event.target.matches("input")) return;
  if (state.open !== null) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); step(by); }
    return;
  }
  const here = event.target.closest && event.target.closest(".card");
  if (!here || !shown.length) return;
  const n = shown.indexOf(placeOf.get(here.dataset.id)), across = getComputedStyle(at("grid")).gridTemplateColumns.split(" ").length;
  const to = { ArrowLeft: n - 1, ArrowRight: n + 1, ArrowUp: n - across, ArrowDown: n + across, Home: 0, End: shown.length - 1 }[event.key];
  if (to === undefined || !shown.length) return;
  event.preventDefault();
  cards[shown[Math.max(0, Math.min(shown.length - 1, to))]].card.focus();
}

function start() {
  at("name").textContent = herd.name;
  at("told").textContent = [herd.model_name, [herd.engine, herd.blender].filter(Boolean).join(" ")].filter(Boolean).join(" · ");
  for (const home of document.querySelectorAll(".overlays")) buildOverlays(home);
  buildFilters();
  at("grid").append(...cards.map((entry) => entry.card));
  cards.forEach((entry) => watcher.observe(entry.card));
  const told = [
    herd.there > herd.chosen ? `${herd.chosen.toLocaleString("en")} of the set's ${herd.there.toLocaleString("en")} pictures, taken evenly from first to last` : "",
    herd.failed ? `${many(herd.failed, "picture")} could not be rendered` : "",
    herd.model_fits ? "" : "The animals are of another model than the one this page was made with: no meshes",
    herd.notes_count ? `${many(herd.notes_count, "file")} could not be shown` : "",
  ].filter(Boolean);
  at("notes").hidden = !told.length;
  at("notes").querySelector("summary").textContent = told.join(". ") + ".";
  at("notes").querySelector("ul").append(...herd.notes.map((note) => el("li", {}, note)));

  at("query").addEventListener("input", (event) => { state.query = event.target.value.trim(); update(); });
  at("size").addEventListener("input", (event) => { state.size = Number(event.target.value); update(); });
  at("reset-all").addEventListener("click", reset);
  at("scheme").addEventListener("click", () => {
    const dark = state.scheme ? state.scheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    state.scheme = dark ? "light" : "dark";
    update();
  });
  at("show-filters").addEventListener("click", () => at("show-filters").setAttribute("aria-expanded", at("filters").classList.toggle("open")));
  for (const tab of document.querySelectorAll("#views button")) tab.addEventListener("click", () => { state.view = tab.dataset.view; update(); });
  at("close").addEventListener("click", close);
  at("previous").addEventListener("click", () => step(-1));
  at("next").addEventListener("click", () => step(1));
  large.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
  large.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.preventDefault(); close(); } });
  at("picture").addEventListener("pointermove", showTip);
  at("picture").addEventListener("pointerleave", () => { at("tip").hidden = true; });
  let from = null;
  at("picture").addEventListener("touchstart", (event) => { from = event.touches.length === 1 ? event.touches[0].clientX : null; }, { passive: true });
  at("picture").addEventListener("touchend", (event) => {
    const by = from === null ? 0 : event.changedTouches[0].clientX - from;
    if (Math.abs(by) > 50) step(by < 0 ? 1 : -1);
  });
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => { readAddress(); update(); });
  addEventListener("resize", () => { for (const i of shown) if (cards[i].near) drawSoon(i); fit(); measure(); });
  readAddress();
  update();
  measure();
  document.body.dataset.ready = "yes";
}

function measure() {
  document.documentElement.style.setProperty("--top", `${at("top").offsetHeight}px`);
}

start();

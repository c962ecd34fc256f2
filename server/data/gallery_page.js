// What is chosen (kept in the address after #), the filters, and the grid.

const at = (id) => document.getElementById(id);
const herd = JSON.parse(at("herd").textContent);
const pictures = herd.pictures;
pictures.forEach((picture, i) => { picture.at = i; picture.words = `${picture.id} ${picture.prompt}`.toLowerCase(); });
const placeOf = new Map(pictures.map((picture, i) => [picture.id, i]));

// Everything is made of elements and text; nothing of a record ever becomes markup.
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// ---- what is chosen ---------------------------------------------------------------------------------------------

// of: the picture's word, or the animals'. A facet with nothing chosen lets everything through.
const FACETS = [
  { key: "species", animal: (a) => a.species },
  { key: "family", animal: (a) => a.family },
  { key: "doing", title: "Doing", animal: (a) => a.doing },
  { key: "layout", title: "Layout", picture: (p) => p.layout },
  { key: "ground", title: "Ground", picture: (p) => p.ground },
  { key: "light", title: "Light", picture: (p) => p.light },
];
const MOST = Math.max(1, ...pictures.map((picture) => picture.animals.length));
const RANGES = [
  { key: "animals", title: "Animals in the picture", low: 0, high: MOST, step: 1, told: ([low, high]) => (low === high ? `${low}` : `${low} to ${high}`), bins: MOST + 1, bin: (v) => v },
  { key: "visible", title: "Visible fraction", low: 0, high: 1, step: 0.05, told: ([low, high]) => `${Math.round(low * 100)} to ${percent(high)}`, bins: 20, bin: (v) => Math.min(19, Math.floor(v * 20)) },
];

function fresh() {
  const state = { view: "pictures", query: "", overlays: new Set(), open: null, only: null, scheme: "", size: null };
  for (const facet of FACETS) state[facet.key] = new Set();
  for (const range of RANGES) state[range.key] = [range.low, range.high];
  return state;
}
let state = fresh();

const isFull = (range) => state[range.key][0] <= range.low && state[range.key][1] >= range.high;

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1)), next = fresh();
  const list = (key) => (words.get(key) || "").split(",").filter(Boolean).map((word) => { try { return decodeURIComponent(word); } catch { return word; } });
  for (const facet of FACETS) next[facet.key] = new Set(list(facet.key));
  for (const range of RANGES) {
    const found = /^([\d.]+)-([\d.]+)$/.exec(words.get(range.key) || "");
    if (found) {
      const ends = [parseFloat(found[1]), parseFloat(found[2])].map((value) => Math.max(range.low, Math.min(range.high, value || 0)));
      next[range.key] = ends.sort((a, b) => a - b);
    }
  }
  next.overlays = new Set(list("overlays").filter((key) => OVERLAYS.some((overlay) => overlay.key === key)));
  next.view = words.get("view") === "statistics" ? "statistics" : "pictures";
  next.query = words.get("q") || "";
  next.open = placeOf.get(words.get("open")) ?? null;
  next.only = parseInt(words.get("animal"), 10) || null;
  next.scheme = ["light", "dark"].includes(words.get("scheme")) ? words.get("scheme") : "";
  next.size = Math.max(110, Math.min(420, parseInt(words.get("size"), 10))) || null;
  state = next;
}

function writeAddress() {
  const words = new URLSearchParams(), list = (set) => [...set].map(encodeURIComponent).join(",");
  if (state.open !== null) words.set("open", pictures[state.open].id);
  if (state.open !== null && state.only !== null) words.set("animal", state.only);
  if (state.overlays.size) words.set("overlays", OVERLAYS.map((overlay) => overlay.key).filter((key) => state.overlays.has(key)).join(","));
  for (const facet of FACETS) if (state[facet.key].size) words.set(facet.key, list(state[facet.key]));
  for (const range of RANGES) if (!isFull(range)) words.set(range.key, state[range.key].join("-"));
  if (state.query) words.set("q", state.query);
  if (state.view !== "pictures") words.set("view", state.view);
  if (state.scheme) words.set("scheme", state.scheme);
  if (state.size) words.set("size", state.size);
  const text = words.toString().replaceAll("%2C", ",");
  if (text !== location.hash.slice(1)) history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
}

// ---- filters ------------------------------------------------------------------------------------------------------

// Whether an animal fits; without: the key of a filter that is not asked, for counting what it would leave.
function animalFits(animal, without) {
  const kinds = without !== "species" && state.species.size + state.family.size > 0;
  if (kinds && !state.species.has(animal.species) && !state.family.has(animal.family)) return false;
  if (without !== "doing" && state.doing.size && !state.doing.has(animal.doing)) return false;
  const [low, high] = state.visible;
  return without === "visible" || isFull(RANGES[1]) || (animal.visible >= low - 1e-9 && animal.visible <= high + 1e-9);
}

function pictureFits(picture, without) {
  for (const { key, picture: word } of FACETS) if (word && key !== without && state[key].size && !state[key].has(word(picture))) return false;
  const n = picture.animals.length;
  if (without !== "animals" && (n < state.animals[0] || n > state.animals[1])) return false;
  return !state.query || state.query.toLowerCase().split(/\s+/).every((word) => picture.words.includes(word));
}

// [picture, its animals that fit] of all that are shown.
function fitting(without) {
  const asked = (without !== "species" && state.species.size + state.family.size > 0) || (without !== "doing" && state.doing.size > 0) || (without !== "visible" && !isFull(RANGES[1]));
  const found = [];
  for (const picture of pictures) {
    if (!pictureFits(picture, without)) continue;
    const animals = picture.animals.filter((animal) => animalFits(animal, without));
    if (animals.length || !asked) found.push([picture, animals]);
  }
  return found;
}

function toggle(set, word) {
  if (!set.delete(word)) set.add(word);
}

function pick(key, word) {
  toggle(state[key], word);
  update();
}

const controls = { facets: new Map(), ranges: new Map() };

function chipOf(facet, word) {
  const count = el("small");
  const button = el("button", { type: "button", "aria-pressed": "false", on: { click: () => pick(facet.key, word) } }, el("span", {}, plain(word)), count);
  button.dataset.facet = facet.key;
  button.dataset.word = word;
  return { button, count, word };
}

function wordsOf(facet) {
  const words = facet.picture ? pictures.map(facet.picture) : pictures.flatMap((picture) => picture.animals.map(facet.animal));
  return [...new Set(words)].sort();
}

function buildTree() {
  const [species, family] = FACETS, tree = el("div", { class: "tree" });
  const familyOf = new Map(pictures.flatMap((picture) => picture.animals.map((animal) => [animal.species, animal.family])));
  const chips = { species: [], family: [] };
  for (const name of wordsOf(family)) {
    const head = chipOf(family, name);
    head.button.classList.add("family");
    chips.family.push(head);
    tree.append(head.button);
    for (const one of wordsOf(species).filter((word) => familyOf.get(word) === name)) {
      const leaf = chipOf(species, one);
      chips.species.push(leaf);
      tree.append(leaf.button);
    }
  }
  controls.facets.set("species", chips.species).set("family", chips.family);
  return el("section", {}, el("h2", {}, "Species"), tree);
}

function buildRange(range) {
  const told = el("output"), bars = svg("svg", { viewBox: `0 0 ${range.bins} 10`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const rects = Array.from({ length: range.bins }, (_, i) => svg("rect", { x: i + 0.08, width: 0.84 }));
  bars.append(...rects);
  const ends = ["least", "most"].map((word, i) => el("input", {
    type: "range", min: range.low, max: range.high, step: range.step, "aria-label": `${range.title}: ${word}`,
    on: { input: (event) => {
      const value = parseFloat(event.target.value), other = state[range.key][1 - i];
      state[range.key][i] = +(i ? Math.max(value, other) : Math.min(value, other)).toFixed(2);
      event.target.value = state[range.key][i];
      update();
    } } }));
  if (range.step === 1) {  // whole numbers: the knobs stand under the middles of the bars
    bars.style.left = bars.style.right = 0;
    bars.style.width = "100%";
    for (const end of ends) {
      end.style.left = `calc(${50 / range.bins}% - 7px)`;
      end.style.width = `calc(${100 - 100 / range.bins}% + 14px)`;
    }
  }
  controls.ranges.set(range.key, { told, rects, ends });
  return el("section", {}, el("h2", {}, range.title, told), el("div", { class: "range" }, bars, ...ends));
}

function buildFilters() {
  const home = at("filters");
  home.append(buildTree(), ...RANGES.map(buildRange));
  for (const facet of FACETS.filter((one) => one.title)) {
    const chips = wordsOf(facet).map((word) => chipOf(facet, word));
    controls.facets.set(facet.key, chips);
    home.append(el("section", {}, el("h2", {}, facet.title), el("div", { class: "chips" }, ...chips.map((chip) => chip.button))));
  }
}

function showFilters() {
  for (const facet of FACETS) {
    const found = fitting(facet.key === "family" ? "species" : facet.key);
    const words = facet.picture ? found.map(([picture]) => facet.picture(picture)) : found.flatMap(([, animals]) => [...new Set(animals.map(facet.animal))]);
    const counts = countsOf(words);
    for (const { button, count, word } of controls.facets.get(facet.key)) {
      const n = counts.get(word) || 0;
      count.textContent = n.toLocaleString("en");
      button.classList.toggle("none", !n && !state[facet.key].has(word));
      button.setAttribute("aria-pressed", state[facet.key].has(word));
    }
  }
  for (const range of RANGES) {
    const { told, rects, ends } = controls.ranges.get(range.key), found = fitting(range.key), [low, high] = state[range.key];
    const values = range.key === "animals" ? found.map(([picture]) => picture.animals.length) : found.flatMap(([, animals]) => animals.map((animal) => animal.visible));
    const counts = countsOf(values.map(range.bin)), most = Math.max(1, ...counts.values());
    rects.forEach((rect, i) => {
      const tall = 10 * Math.sqrt((counts.get(i) || 0) / most), from = range.bins === 20 ? i / 20 : i, to = range.bins === 20 ? (i + 1) / 20 : i;
      rect.setAttribute("y", 10 - tall);
      rect.setAttribute("height", tall);
      rect.setAttribute("class", from >= low - 1e-9 && to <= high + 1e-9 ? "in" : "");
    });
    ends.forEach((end, i) => { end.value = state[range.key][i]; });
    told.textContent = range.told(state[range.key]);
  }
}

// ---- the grid -----------------------------------------------------------------------------------------------------

const cards = pictures.map((picture) => {
  const image = el("img", { alt: "", decoding: "async" }), canvas = el("canvas"), thumb = el("span", { class: "thumb" }, image, canvas);
  thumb.style.aspectRatio = `${picture.width} / ${picture.height}`;
  const counts = [...countsOf(picture.animals.map((animal) => animal.species))].sort((a, b) => b[1] - a[1]);
  const text = counts.map(([word, n]) => (n > 1 ? `${n} ${plain(word)}` : plain(word))).join(", ") || "no animal";
  const card = el("button", { type: "button", class: "card", "aria-label": `${picture.id}: ${text}`, title: picture.prompt, on: { click: () => open(picture.at) } },
    thumb, el("span", { class: "line" }, el("span", {}, text), el("small", {}, picture.id.replace(/^0+(?=\d)/, ""))));
  card.dataset.id = picture.id;
  return { card, image, canvas, near: false, drawn: "" };
});

const photoOf = (i) => "data:image/jpeg;base64," + at(`photo-${i}`).textContent;
const cache = new Map();

function overlayOf(i) {
  if (!cache.has(i)) {
    cache.set(i, JSON.parse(at(`overlay-${i}`).textContent));
    if (cache.size > 160) cache.delete(cache.keys().next().value);
  }
  return cache.get(i);
}

const waiting = new Set();
let drawing = false;

// Overlays of cards near the window are drawn a few milliseconds at a time.
function drawSoon(i) {
  waiting.add(i);
  if (!drawing) { drawing = true; requestAnimationFrame(drawSome); }
}

async function drawSome() {
  const until = performance.now() + 10;
  for (const i of [...waiting]) {
    waiting.delete(i);
    await drawCard(i);
    if (performance.now() > until) break;
  }
  if (waiting.size) requestAnimationFrame(drawSome);
  else drawing = false;
}

async function drawCard(i) {
  const entry = cards[i], keys = [...state.overlays].join(" ");
  if (!entry.near || entry.card.hidden) return;
  const wide = Math.round(entry.card.clientWidth * Math.min(2, devicePixelRatio || 1)), wanted = `${keys}@${wide}`;
  if (entry.drawn === wanted) return;
  entry.drawn = wanted;
  const { canvas } = entry, picture = pictures[i];
  if (!keys || !wide) { canvas.width = canvas.height = 0; canvas.dataset.drawn = ""; return; }
  const overlay = overlayOf(i), depth = state.overlays.has("depth") && overlay.depth ? await depthPicture(overlay.depth) : null;
  if (entry.drawn !== wanted) return;
  canvas.width = wide;
  canvas.height = Math.max(1, Math.round((wide * picture.height) / picture.width));
  drawOverlays(canvas, picture, overlay, herd, state.overlays, depth, { line: 0.62 * (wide / entry.card.clientWidth) });
}

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const i = placeOf.get(target.dataset.id), entry = cards[i];
    entry.near = isIntersecting;
    if (isIntersecting) {
      if (!entry.image.hasAttribute("src")) entry.image.src = photoOf(i);
      drawSoon(i);
    } else {
      entry.image.removeAttribute("src");
      entry.canvas.width = entry.canvas.height = 0;
      entry.drawn = "";
    }
  }
}, { rootMargin: "500px 0px" });

let shown = [];

function update() {
  const found = fitting(), animals = found.flatMap(([picture, some]) => some.map((animal) => [animal, picture]));
  shown = found.map(([picture]) => picture.at);
  const visible = new Set(shown);
  cards.forEach(({ card }, i) => { card.hidden = !visible.has(i); });
  shown.forEach((i, n) => { cards[i].card.tabIndex = n ? -1 : 0; });
  const statistics = state.view === "statistics";
  at("grid").hidden = statistics || !shown.length;
  at("statistics").hidden = !statistics || !shown.length;
  at("nothing").hidden = shown.length > 0;
  if (statistics && shown.length) drawStatistics(at("statistics"), found.map(([picture]) => picture), animals, pick);
  for (const tab of document.querySelectorAll("#views button")) tab.setAttribute("aria-selected", tab.dataset.view === state.view);
  const all = shown.length === pictures.length && animals.length === pictures.reduce((sum, picture) => sum + picture.animals.length, 0);
  at("count").replaceChildren(
    el("span", {}, el("b", {}, many(shown.length, "picture")), all ? "" : ` of ${pictures.length.toLocaleString("en")}`, ", ", el("b", {}, many(animals.length, "animal")), all ? "" : animals.length === 1 ? " that fits" : " that fit"),
    ...FACETS.flatMap(({ key }) => [...state[key]].map((word) => el("button", { type: "button", class: "chosen", title: "No longer ask for this", on: { click: () => pick(key, word) } }, plain(word), " ✕"))),
    all ? "" : el("button", { type: "button", id: "all", on: { click: reset } }, "Show all"));
  if (at("query").value !== state.query) at("query").value = state.query;
  if (state.scheme) document.documentElement.dataset.scheme = state.scheme;
  else delete document.documentElement.dataset.scheme;
  if (state.size) { at("grid").style.setProperty("--card", `${state.size}px`); at("size").value = state.size; }
  for (const button of document.querySelectorAll(".overlays button")) button.setAttribute("aria-pressed", state.overlays.has(button.dataset.overlay));
  showFilters();
  for (const i of shown) if (cards[i].near) drawSoon(i);
  showLarge();
  writeAddress();
  Object.assign(document.body.dataset, { shown: shown.length, animals: animals.length, view: state.view, overlays: [...state.overlays].join(" "), open: state.open === null ? "" : pictures[state.open].id });
}

function reset() {
  const { view, overlays, open, scheme, size } = state;
  state = Object.assign(fresh(), { view, overlays, open, scheme, size });
  update();
}

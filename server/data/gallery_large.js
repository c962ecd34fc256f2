// One picture at large: as large as the window allows, its overlays at the screen's pixels, and what is known of it.

const large = at("large");
let largeIs = null, token = 0;

function open(i) {
  state.open = i;
  state.only = null;
  update();
}

function step(by) {
  const here = shown.indexOf(state.open), next = here < 0 ? shown[0] : shown[here + by];
  if (next !== undefined) open(next);
}

function close() {
  const was = state.open;
  state.open = null;
  state.only = null;
  update();
  if (was !== null && !cards[was].card.hidden) {
    cards[was].card.scrollIntoView({ block: "nearest" });
    cards[was].card.focus({ preventScroll: true });
  }
}

function showLarge() {
  if (state.open === null) {
    if (large.open) large.close();
    largeIs = null;
    return;
  }
  if (!large.open) large.showModal();
  const picture = pictures[state.open], here = shown.indexOf(state.open);
  if (largeIs !== state.open) {
    largeIs = state.open;
    at("photo").src = photoOf(state.open);
    at("photo").alt = picture.prompt;
    at("tip").hidden = true;
    showAbout(picture);
    at("about").scrollTop = 0;
  }
  at("place").textContent = here < 0 ? picture.id : `${(here + 1).toLocaleString("en")} of ${shown.length.toLocaleString("en")}`;
  at("previous").disabled = here <= 0;
  at("next").disabled = here >= 0 && here === shown.length - 1;
  for (const row of document.querySelectorAll(".animal")) row.setAttribute("aria-pressed", Number(row.dataset.animal) === state.only);
  const depth = overlayOf(state.open).depth;
  at("legend").hidden = !(state.overlays.has("depth") && depth);
  fit();
}

// The picture as large as its place allows, and its overlays at the screen's own pixels.
async function fit() {
  if (state.open === null) return;
  const picture = pictures[state.open], frame = at("frame"), box = at("picture"), mine = ++token;
  const phone = matchMedia("(max-width: 820px)").matches, style = getComputedStyle(frame);
  const room = [frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight), phone ? innerHeight * 0.7 : frame.clientHeight - parseFloat(style.paddingBottom)];
  const scale = Math.max(0.05, Math.min(room[0] / picture.width, room[1] / picture.height, 3));
  const [wide, high] = [Math.floor(picture.width * scale), Math.floor(picture.height * scale)];
  box.style.width = `${wide}px`;
  box.style.height = `${high}px`;
  const overlay = overlayOf(state.open), depth = state.overlays.has("depth") && overlay.depth ? await depthPicture(overlay.depth) : null;
  if (mine !== token || state.open === null) return;
  const canvas = at("drawing"), dense = Math.min(2, devicePixelRatio || 1);
  canvas.width = Math.round(wide * dense);
  canvas.height = Math.round(high * dense);
  drawOverlays(canvas, picture, overlay, herd, state.overlays, depth, { only: state.only, line: dense * Math.max(0.75, Math.min(1.3, wide / 700)), tags: true });
}

function showAbout(picture) {
  const { camera, lens } = picture, depth = overlayOf(picture.at).depth;
  const pairs = [
    ["Picture", picture.file], ["Seed", `${picture.seed}, index ${picture.index}`], ["Size", `${picture.width} × ${picture.height}`], ["Layout", picture.layout],
    ["Scene", [picture.ground, picture.light, picture.occluders ? many(picture.occluders, "occluder") : ""].filter(Boolean).join(", ")],
    ["Lens", `${short((camera.focal / picture.width) * 36)} mm (${short(camera.focal)} px)` + (lens.f_number ? `, f/${short(lens.f_number)} at ${short(lens.focus_m)} m` : "")
      + (lens.exposure_s ? `, 1/${Math.round(1 / lens.exposure_s)} s` : "") + (lens.noise ? `, noise ${lens.noise}` : "")],
    ["Camera at", camera.position.map(short).join(", ") + " m"],
    ["Looks", Math.abs(camera.pitch) < 0.5 ? "level" : `${short(Math.abs(camera.pitch))}° ${camera.pitch < 0 ? "down" : "up"}`],
  ];
  at("about").replaceChildren(
    el("p", { class: "prompt" }, picture.prompt || "No prompt."),
    el("h3", {}, many(picture.animals.length, "animal")),
    ...picture.animals.map((animal) => animalRow(animal)),
    el("h3", {}, "Picture"),
    el("dl", {}, ...pairs.filter(([, value]) => value).flatMap(([word, value]) => [el("dt", {}, word), el("dd", {}, value)])),
    el("p", { id: "legend", hidden: true }, depth ? `${short(depth.near)} m` : "", el("i"), depth ? `${short(depth.far)} m` : ""));
}

function animalRow(animal) {
  const swatch = el("i"), bar = el("u");
  swatch.style.background = bar.style.background = colourOf(animal.id);
  bar.style.width = `${Math.round(100 * animal.visible)}%`;
  const what = [animal.doing, animal.facing && `facing ${animal.facing}`, `${short(animal.depth)} m away`, animal.youth > 0.3 ? "young" : "", animal.asset].filter(Boolean).join(", ");
  const row = el("button", { type: "button", class: "animal", "aria-pressed": "false", title: "Draw the overlays of this animal alone",
    on: { click: () => { state.only = state.only === animal.id ? null : animal.id; update(); } } },
  swatch, el("b", {}, `${animal.id}  ${animal.label || plain(animal.species)}`), el("small", { title: "Visible fraction" }, percent(animal.visible)), el("span", {}, what), el("em", {}, bar));
  row.dataset.animal = animal.id;
  return row;
}

// The name of the point under the pointer.
function showTip(event) {
  const tip = at("tip");
  tip.hidden = true;
  if (state.open === null || !(state.overlays.has("keypoints") || state.overlays.has("joints"))) return;
  const box = at("picture").getBoundingClientRect(), scale = box.width / pictures[state.open].width;
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  let best = 10, found = null;
  for (const animal of overlayOf(state.open).animals) {
    if (state.only !== null && animal.id !== state.only) continue;
    for (const [key, names] of [["keypoints", herd.keypoint_names], ["joints", animal.parents ? [] : herd.joint_names]]) {
      if (!state.overlays.has(key)) continue;
      (animal[key] || []).forEach((point, i) => {
        const away = point && point[2] ? Math.hypot(point[0] * scale - x, point[1] * scale - y) : 99;
        if (away < best) { best = away; found = [names[i] || `${key} ${i}`, point, key === "keypoints" && point[2] === 1]; }
      });
    }
  }
  if (!found) return;
  tip.textContent = found[0].replaceAll("_", " ") + (found[2] ? " (hidden)" : "");
  tip.style.left = `${found[1][0] * scale}px`;
  tip.style.top = `${found[1][1] * scale}px`;
  tip.hidden = false;
}

// Statistics of what the filters leave, as inline SVG.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function countsOf(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

function quantile(sorted, share) {
  if (!sorted.length) return NaN;
  const at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1).replace(/\.0$/, "") : String(+value.toFixed(2)));
const many = (n, one, more) => `${n.toLocaleString("en")} ${n === 1 ? one : more || one + "s"}`;
const plain = (word) => (word ? word.replaceAll("_", " ") : "–");
const percent = (share) => `${Math.round(100 * share)} %`;

function figure(key, title, told, drawing, total) {
  const box = document.createElement("figure"), head = document.createElement("h3"), line = document.createElement("p");
  box.className = "plot";
  box.dataset.plot = key;
  box.dataset.total = total;
  head.textContent = title;
  line.textContent = told;
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${title}: ${told}`);
  box.append(head, line, drawing);
  return box;
}

function hovered(element, text) {
  element.append(svg("title", {}, text));
  return element;
}

// Round numbers on an axis from 0 to `most`, whole ones, about four.
function ticksTo(most) {
  const raw = Math.max(most, 1) / 4, power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

// Columns of counts: bars [label, n, says], labels under every `every`-th edge or bar.
function columns(bars, marks, middle) {
  const width = 300, height = 150, left = 30, bottom = 20, top = 6;
  const most = Math.max(1, ...bars.map((bar) => bar.n));
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}` });
  const x = (share) => left + share * (width - left - 4), y = (n) => height - bottom - (n / most) * (height - bottom - top);
  for (const tick of ticksTo(most)) {
    drawing.append(svg("line", { class: "grid", x1: left, x2: width - 4, y1: y(tick), y2: y(tick) }));
    drawing.append(svg("text", { x: left - 5, y: y(tick) + 3.5, "text-anchor": "end" }, tick.toLocaleString("en")));
  }
  const gap = bars.length > 24 ? 0.5 : 1.2;
  bars.forEach((bar, i) => {
    const from = x(i / bars.length) + gap, to = x((i + 1) / bars.length) - gap;
    if (bar.n) drawing.append(hovered(svg("rect", { class: "bar", x: from, width: to - from, y: y(bar.n), height: y(0) - y(bar.n), rx: 1 }), `${bar.says}: ${bar.n}`));
  });
  for (const [share, text] of marks) drawing.append(svg("text", { x: x(share), y: height - 6, "text-anchor": share > 0.97 ? "end" : share < 0.03 ? "start" : "middle" }, text));
  if (middle !== null && Number.isFinite(middle)) drawing.append(hovered(svg("line", { class: "middle", x1: x(middle), x2: x(middle), y1: top, y2: y(0) }), "median"));
  return drawing;
}

// Rows of counts, the most first; `pick` is called with the word of a row that is clicked.
function rows(counts, most, pick) {
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)), shown = sorted.slice(0, most);
  const rest = sorted.slice(most).reduce((sum, [, n]) => sum + n, 0);
  const width = 300, step = 17, left = 104, highest = Math.max(1, ...shown.map(([, n]) => n));
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${Math.max(1, shown.length + (rest ? 1 : 0)) * step + 2}` });
  shown.forEach(([word, n], i) => {
    const long = Math.max(1, (n / highest) * (width - left - 38)), y = i * step;
    const row = svg("a", { tabindex: 0, role: "button", "aria-label": `${word}: ${n}` },
      svg("rect", { x: 0, y, width, height: step, fill: "transparent" }),
      svg("text", { class: "word", x: left - 7, y: y + 12.5, "text-anchor": "end" }, word.length > 17 ? plain(word).slice(0, 16) + "…" : plain(word)),
      svg("rect", { class: "bar", x: left, y: y + 3, width: long, height: step - 6, rx: 1.5 }),
      svg("text", { x: left + long + 5, y: y + 12.5 }, n.toLocaleString("en")));
    hovered(row, word);
    row.addEventListener("click", () => pick(word));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(word); } });
    drawing.append(row);
  });
  if (rest) drawing.append(svg("text", { class: "word", x: left - 7, y: shown.length * step + 12.5, "text-anchor": "end" }, `${sorted.length - most} more`),
    svg("text", { x: left, y: shown.length * step + 12.5 }, rest.toLocaleString("en")));
  return drawing;
}

// Headings as seen from above with the viewer at the bottom: area of a sector as its count.
function rose(yaws) {
  const parts = 24, counts = new Array(parts).fill(0), size = 210, radius = 78, middle = size / 2;
  for (const yaw of yaws) counts[((Math.round(yaw / (360 / parts)) % parts) + parts) % parts]++;
  const most = Math.max(1, ...counts), drawing = svg("svg", { viewBox: `-45 0 ${size + 90} ${size}` });
  for (const share of [0.5, 1]) drawing.append(svg("circle", { class: "grid", cx: middle, cy: middle, r: radius * Math.sqrt(share) }));
  for (const [dx, dy] of [[1, 0], [0, 1]]) drawing.append(svg("line", { class: "grid", x1: middle - dx * radius, x2: middle + dx * radius, y1: middle - dy * radius, y2: middle + dy * radius }));
  counts.forEach((n, i) => {
    if (!n) return;
    const r = radius * Math.sqrt(n / most), half = Math.PI / parts * 0.9, at = (i / parts) * 2 * Math.PI;
    const place = (angle) => `${(middle + r * Math.cos(angle)).toFixed(2)} ${(middle - r * Math.sin(angle)).toFixed(2)}`;
    const path = svg("path", { class: "bar", d: `M${middle} ${middle}L${place(at - half)}A${r} ${r} 0 0 0 ${place(at + half)}Z` });
    drawing.append(hovered(path, `${(i * 360) / parts}°: ${n}`));
  });
  for (const [word, x, y, anchor] of [["away", middle, 14, "middle"], ["towards", middle, size - 6, "middle"], ["right", middle + radius + 8, middle + 4, "start"], ["left", middle - radius - 8, middle + 4, "end"]])
    drawing.append(svg("text", { x, y, "text-anchor": anchor }, word));
  return drawing;
}

// A table of shades: how often a row's word meets a column's.
function heat(pairs, wide, high, rowWords, columnWords) {
  const counts = countsOf(pairs.map(([row, column]) => row * wide + column)), most = Math.max(1, ...counts.values());
  const left = rowWords ? 62 : 0, bottom = columnWords ? 18 : 0, width = 300, cell = (width - left) / wide, tall = rowWords ? 22 : cell;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${high * tall + bottom}` });
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const n = counts.get(row * wide + column) || 0;
      const square = svg("rect", { x: left + column * cell, y: row * tall, width: cell - 1, height: tall - 1, rx: 1.5, class: "bar", "fill-opacity": n ? (0.12 + 0.88 * (n / most)).toFixed(3) : 0.05 });
      drawing.append(hovered(square, rowWords ? `${rowWords[row]}, ${columnWords[column]}: ${n}` : String(n)));
    }
    if (rowWords) drawing.append(svg("text", { class: "word", x: left - 7, y: row * tall + 15, "text-anchor": "end" }, rowWords[row]));
  }
  (columnWords || []).forEach((word, column) => drawing.append(svg("text", { x: left + (column + 0.5) * cell, y: high * tall + 13, "text-anchor": "middle" }, word)));
  return drawing;
}

// Columns on a logarithmic scale of positive values; text: the unit.
function logColumns(values, parts, unit) {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  if (!sorted.length) return null;
  const low = Math.log(sorted[0] * 0.999), high = Math.max(low + 0.5, Math.log(sorted[sorted.length - 1] * 1.001)), at = (value) => (Math.log(value) - low) / (high - low);
  const bars = Array.from({ length: parts }, (_, i) => {
    const from = Math.exp(low + ((high - low) * i) / parts), to = Math.exp(low + ((high - low) * (i + 1)) / parts);
    return { n: 0, says: `${short(from)} to ${short(to)} ${unit}` };
  });
  for (const value of sorted) bars[Math.min(parts - 1, Math.floor(at(value) * parts))].n++;
  const marks = [];
  for (let decade = -4; decade < 8; decade++)
    for (const k of high - low > 3 ? [1, 3] : [1, 2, 3, 5, 7]) {
      const share = at(k * 10 ** decade);
      if (share >= 0 && share <= 1 && (!marks.length || share - marks[marks.length - 1][0] > 0.09)) marks.push([share, short(k * 10 ** decade)]);
    }
  const middle = quantile(sorted, 0.5);
  return [columns(bars, marks, at(middle)), `median ${short(middle)} ${unit}, 90 % within ${short(quantile(sorted, 0.05))} to ${short(quantile(sorted, 0.95))} ${unit}`];
}

// pictures: those that are shown; animals: [animal, picture] of those in them that fit the filters; pick(facet, word).
function drawStatistics(home, pictures, animals, pick) {
  const one = animals.map(([animal]) => animal), plots = [];
  const perPicture = pictures.map((picture) => picture.animals.length), most = Math.max(1, ...perPicture);
  const perCount = countsOf(perPicture), bars = Array.from({ length: most + 1 }, (_, n) => ({ n: perCount.get(n) || 0, says: many(n, "animal") }));
  const few = perCount.get(0) ? bars : bars.slice(1), from = perCount.get(0) ? 0 : 1, every = Math.ceil(few.length / 12);
  const mean = perPicture.reduce((a, b) => a + b, 0) / Math.max(1, perPicture.length);
  plots.push(figure("count", "Animals in a picture", `${many(pictures.length, "picture")}, ${short(mean)} animals each on average`,
    columns(few, few.map((_, i) => [(i + 0.5) / few.length, String(i + from)]).filter((_, i) => i % every === 0), null), pictures.length));

  const species = countsOf(one.map((animal) => animal.species)), families = countsOf(one.map((animal) => animal.family));
  plots.push(figure("species", "Species", `${many(one.length, "animal")} of ${many(species.size, "species", "species")}`, rows(species, 24, (word) => pick("species", word)), one.length));

  const seen = one.map((animal) => animal.visible).sort((a, b) => a - b), shares = Array.from({ length: 20 }, (_, i) => ({ n: 0, says: `${5 * i} to ${5 * i + 5} %` }));
  for (const value of seen) shares[Math.min(19, Math.floor(value * 20))].n++;
  const whole = seen.filter((value) => value > 0.95).length, hidden = seen.filter((value) => value < 0.5).length;
  plots.push(figure("visible", "Visible fraction", seen.length ? `${percent(whole / seen.length)} all but whole, ${percent(hidden / seen.length)} less than half seen` : "none",
    columns(shares, [0, 0.25, 0.5, 0.75, 1].map((share) => [share, percent(share)]), quantile(seen, 0.5)), seen.length));

  const yaws = one.map((animal) => animal.yaw), side = yaws.filter((yaw) => Math.abs(Math.cos((yaw * Math.PI) / 180)) > Math.SQRT1_2).length;
  plots.push(figure("heading", "Heading", yaws.length ? `${percent(side / yaws.length)} seen from a side` : "none", rose(yaws), yaws.length));

  for (const [key, title, values, unit] of [["size", "Longer side of the box", one.map((animal) => animal.side), "px"], ["depth", "Distance", one.map((animal) => animal.depth), "m"]]) {
    const kept = values.filter((value) => value > 0), drawn = logColumns(kept, 24, unit);
    if (drawn) plots.push(figure(key, title, drawn[1], drawn[0], kept.length));
  }
  const doing = countsOf(one.map((animal) => animal.doing));
  plots.push(figure("family", "Families", many(families.size, "family", "families"), rows(families, 20, (word) => pick("family", word)), one.length));
  plots.push(figure("doing", "Doing", `${many(doing.size, "word")} for what they are at`, rows(doing, 14, (word) => pick("doing", word)), one.length));

  const grounds = [...countsOf(pictures.map((picture) => picture.ground)).keys()].sort(), lights = [...countsOf(pictures.map((picture) => picture.light)).keys()].sort();
  if (grounds.length && grounds.length <= 20 && lights.length <= 12)
    plots.push(figure("scene", "Ground and light", many(pictures.length, "picture"),
      heat(pictures.map((picture) => [grounds.indexOf(picture.ground), lights.indexOf(picture.light)]), lights.length, grounds.length, grounds.map((word) => word || "–"), lights.map((word) => word || "–")), pictures.length));
  const places = animals.filter(([animal]) => animal.middle).map(([animal, picture]) => [Math.min(11, Math.floor((animal.middle[1] / picture.height) * 12)), Math.min(15, Math.floor((animal.middle[0] / picture.width) * 16))]);
  plots.push(figure("place", "Where in the picture", "middles of the whole boxes", heat(places.filter(([y, x]) => y >= 0 && x >= 0), 16, 12), places.length));
  home.replaceChildren(...plots);
}

// Overlays: what a record says of a picture, decoded and drawn on a canvas over it.

const COLOURS = ["#4da3ff", "#ff9a3d", "#5fd68f", "#ff6f9f", "#b48cff", "#f4d33a", "#3ad8d2", "#ff7d66", "#a8da4c", "#e88bf0", "#8ab4ff", "#d0a77c"];

// Key in the address, label, group, what the key on the keyboard is.
const OVERLAYS = [
  { key: "boxes", label: "seen", group: "Box", says: "Box of what is seen" },
  { key: "whole-boxes", label: "whole", group: "Box", says: "Box of the whole animal, dashed" },
  { key: "masks", label: "seen", group: "Mask", says: "Mask of what is seen" },
  { key: "whole-masks", label: "whole", group: "Mask", says: "Mask of the whole animal" },
  { key: "keypoints", label: "Points", group: "", says: "Keypoints: filled where seen, hollow where hidden" },
  { key: "joints", label: "Bones", group: "", says: "Joints of the skeleton" },
  { key: "meshes", label: "Mesh", group: "", says: "The body of the record, as a coarser mesh; horns and manes are no part of it" },
  { key: "depth", label: "Depth", group: "", says: "Depth, near is bright" },
];

const colourOf = (id) => COLOURS[(((id - 1) % COLOURS.length) + COLOURS.length) % COLOURS.length];

// The same colour, lighter: for lines that lie on a mask of that colour.
function lightOf(id) {
  return `rgb(${rgbOf(id).map((value) => Math.round(value + 0.55 * (255 - value))).join(",")})`;
}

function rgbOf(id) {
  const n = parseInt(colourOf(id).slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGIT = new Map([...LETTERS].map((letter, i) => [letter, i]));

// Run lengths down the columns, as in COCO: groups of five bits, each count less the one before the last.
function runsOf(code) {
  const runs = [];
  for (let at = 0; at < code.length; ) {
    let value = 0, shift = 0, more = true;
    while (more && at < code.length) {
      const digit = DIGIT.get(code[at++]) ?? 0;
      value |= (digit & 31) << shift;
      more = (digit & 32) !== 0;
      shift += 5;
      if (!more && digit & 16 && shift < 32) value |= -1 << shift;
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}

// Uint8Array (height * width) of 0 and 1, row after row.
function maskOf(code, width, height) {
  const mask = new Uint8Array(width * height);
  let at = 0, inside = 0;
  for (const run of runsOf(code)) {
    const end = Math.min(at + run, width * height);
    if (inside) for (; at < end; at++) mask[(at % height) * width + Math.floor(at / height)] = 1;
    at = end;
    inside = 1 - inside;
  }
  return mask;
}

// A mask as a picture: filled, with an edge. Hatched when it is the whole animal, so that both can be told apart.
function maskPicture(code, width, height, id, whole) {
  const mask = maskOf(code, width, height);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d"), pixels = pen.createImageData(width, height), data = pixels.data;
  const [r, g, b] = rgbOf(id);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!mask[i]) continue;
      const edge = !x || !y || x === width - 1 || y === height - 1 || !mask[i - 1] || !mask[i + 1] || !mask[i - width] || !mask[i + width];
      data[4 * i] = r; data[4 * i + 1] = g; data[4 * i + 2] = b;
      data[4 * i + 3] = edge ? 255 : whole ? ((x + y) % 8 < 2 ? 150 : 28) : 120;
    }
  }
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

function bytesOf(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// Magma's course, dark to bright.
const RAMP = [[0, 0, 4], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100], [251, 135, 97], [254, 194, 135], [252, 253, 191]];

function rampAt(share) {
  const at = Math.max(0, Math.min(0.9999, share)) * (RAMP.length - 1), low = Math.floor(at), part = at - low;
  return RAMP[low].map((value, k) => Math.round(value + part * (RAMP[low + 1][k] - value)));
}

function loaded(source) {
  return new Promise((done) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => done(null);
    image.src = source;
  });
}

// The depth picture in colours. Grey 0 is nothing there, 48 far, 255 near.
async function depthPicture(depth) {
  const image = await loaded("data:image/jpeg;base64," + depth.jpeg);
  if (!image) return null;
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height), data = pixels.data;
  for (let i = 0; i < data.length; i += 4) {
    const grey = data[i], colour = grey > 24 ? rampAt((grey - 48) / 207) : [10, 12, 20];
    data[i] = colour[0]; data[i + 1] = colour[1]; data[i + 2] = colour[2];
    data[i + 3] = 255;
  }
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

// A mesh's triangles in camera axes, the farthest first: [[i, j, k], light, depth] with the places in pixels.
function trianglesOf(mesh, herd, camera, size) {
  const raw = bytesOf(mesh.at), view = new DataView(raw.buffer), count = Math.floor(raw.length / 6);
  const faces = mesh.faces || herd.meshes[mesh.level] || [];
  const u = new Float32Array(count), v = new Float32Array(count), z = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const x = view.getUint16(6 * i, true), y = view.getUint16(6 * i + 2, true);
    u[i] = x === 65535 ? NaN : (x / 65534 * 5 - 2) * size[0];
    v[i] = x === 65535 ? NaN : (y / 65534 * 5 - 2) * size[1];
    z[i] = mesh.near + view.getUint16(6 * i + 4, true) / 65535 * (mesh.far - mesh.near);
  }
  const triangles = [];
  const point = (i) => [(u[i] - camera.centre[0]) / camera.focal * z[i], (v[i] - camera.centre[1]) / camera.focal * z[i], z[i]];
  for (let n = 0; n + 2 < faces.length; n += 3) {
    const [i, j, k] = [faces[n], faces[n + 1], faces[n + 2]];
    const a = point(i), b = point(j), c = point(k);
    const e = [b[0] - a[0], b[1] - a[1], b[2] - a[2]], f = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
    const normal = [e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]];
    const length = Math.hypot(...normal);
    if (!(length > 0)) continue;
    const turned = normal[0] * a[0] + normal[1] * a[1] + normal[2] * a[2] > 0;
    if (turned && !mesh.faces) continue;
    const sign = turned ? -1 : 1;
    const light = 0.42 + 0.58 * Math.max(0, sign * (-0.35 * normal[0] - 0.75 * normal[1] - 0.56 * normal[2]) / length);
    triangles.push([[u[i], v[i], u[j], v[j], u[k], v[k]], light, (z[i] + z[j] + z[k]) / 3]);
  }
  return triangles;
}

function drawMeshes(pen, picture, overlay, herd, scale, only) {
  const all = [];
  let drawn = 0;
  for (const animal of overlay.animals) {
    if (!animal.mesh || (only !== null && animal.id !== only)) continue;
    drawn++;
    const [r, g, b] = rgbOf(animal.id);
    for (const [at, light, z] of trianglesOf(animal.mesh, herd, picture.camera, [picture.width, picture.height])) all.push([z, at, light, r, g, b]);
  }
  all.sort((one, other) => other[0] - one[0]);
  const layer = document.createElement("canvas");
  layer.width = pen.canvas.width;
  layer.height = pen.canvas.height;
  const brush = layer.getContext("2d");
  brush.lineJoin = "round";
  brush.lineWidth = Math.max(0.5, Math.min(1, scale));
  for (const [, at, light, r, g, b] of all) {
    brush.beginPath();
    brush.moveTo(at[0] * scale, at[1] * scale);
    brush.lineTo(at[2] * scale, at[3] * scale);
    brush.lineTo(at[4] * scale, at[5] * scale);
    brush.closePath();
    brush.fillStyle = `rgb(${r * light | 0},${g * light | 0},${b * light | 0})`;
    brush.fill();
    const edge = light * 0.8;
    brush.strokeStyle = `rgb(${r * edge | 0},${g * edge | 0},${b * edge | 0})`;
    brush.stroke();
  }
  pen.globalAlpha = 0.9;
  pen.drawImage(layer, 0, 0);
  pen.globalAlpha = 1;
  return drawn;
}

function drawMasks(pen, overlay, whole, only) {
  let drawn = 0;
  const [width, height] = overlay.grid;
  for (const animal of overlay.animals) {
    const code = whole ? animal.whole : animal.seen;
    if (!code || (only !== null && animal.id !== only)) continue;
    pen.drawImage(maskPicture(code, width, height, animal.id, whole), 0, 0, pen.canvas.width, pen.canvas.height);
    drawn++;
  }
  return drawn;
}

function drawBoxes(pen, overlay, scale, whole, only, line) {
  let drawn = 0;
  for (const animal of overlay.animals) {
    const box = whole ? animal.box : animal.boxSeen;
    if (!box || (only !== null && animal.id !== only)) continue;
    const at = box.map((value) => value * scale);
    pen.setLineDash(whole ? [4 * line, 3 * line] : []);
    pen.strokeStyle = "rgba(0,0,0,.45)";
    pen.lineWidth = 2.6 * line;
    pen.strokeRect(...at);
    pen.strokeStyle = colourOf(animal.id);
    pen.lineWidth = 1.5 * line;
    pen.strokeRect(...at);
    drawn++;
  }
  pen.setLineDash([]);
  return drawn;
}

// Tags with id and species at the upper left corner of what is boxed, within the picture.
function drawTags(pen, picture, overlay, scale, whole, only, line) {
  pen.font = `600 ${11 * line}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  for (const animal of overlay.animals) {
    const box = (whole ? animal.box : animal.boxSeen) || animal.box;
    if (!box || (only !== null && animal.id !== only)) continue;
    const about = picture.animals.find((one) => one.id === animal.id);
    const text = about ? `${animal.id} ${about.species.replaceAll("_", " ")}` : String(animal.id);
    const wide = pen.measureText(text).width + 8 * line, tall = 16 * line;
    const x = Math.max(0, Math.min(box[0] * scale - 0.75 * line, pen.canvas.width - wide));
    const y = box[1] * scale >= tall ? box[1] * scale - tall : box[1] * scale;
    pen.fillStyle = colourOf(animal.id);
    pen.fillRect(x, y, wide, tall);
    pen.fillStyle = "#10151b";
    pen.fillText(text, x + 4 * line, y + tall / 2 + 0.5 * line);
  }
}

function drawLine(pen, a, b, scale, colour, width, dashed) {
  pen.setLineDash(dashed ? [3 * width, 2.4 * width] : []);
  pen.lineCap = dashed ? "butt" : "round";
  for (const [style, thick] of [["rgba(0,0,0,.5)", 2.1 * width], [colour, width]]) {
    pen.beginPath();
    pen.moveTo(a[0] * scale, a[1] * scale);
    pen.lineTo(b[0] * scale, b[1] * scale);
    pen.strokeStyle = style;
    pen.lineWidth = thick;
    pen.stroke();
  }
  pen.setLineDash([]);
}

// Lines and points are finer on an animal that is small on the screen, so that it is still seen.
function finer(animal, scale, line) {
  const box = animal.box || animal.boxSeen, side = box ? Math.max(box[2], box[3]) * scale : 0;
  return line * Math.max(0.4, Math.min(1, side / (170 * line)));
}

// Points on the skin. Seen: filled, joined by full lines; hidden: hollow, and dashed lines.
function drawKeypoints(pen, overlay, herd, scale, only, widest) {
  let drawn = 0;
  for (const animal of overlay.animals) {
    if (!animal.keypoints || (only !== null && animal.id !== only)) continue;
    const points = animal.keypoints, colour = colourOf(animal.id), line = finer(animal, scale, widest);
    const there = (i) => points[i] && points[i][2] > 0;
    for (const dashed of [true, false]) {
      for (const [i, j] of herd.skeleton) {
        if (!there(i) || !there(j) || dashed === (points[i][2] > 1 && points[j][2] > 1)) continue;
        pen.globalAlpha = dashed ? 0.7 : 1;
        drawLine(pen, points[i], points[j], scale, dashed ? colour : lightOf(animal.id), (dashed ? 0.9 : 1.3) * line, dashed);
      }
    }
    pen.globalAlpha = 1;
    points.forEach((point, i) => {
      if (!there(i)) return;
      const seen = point[2] > 1;
      pen.beginPath();
      pen.arc(point[0] * scale, point[1] * scale, (seen ? 2.7 : 2.3) * line, 0, 2 * Math.PI);
      pen.fillStyle = seen ? "#fff" : "rgba(10,14,20,.75)";
      pen.fill();
      pen.strokeStyle = colour;
      pen.lineWidth = (seen ? 1.5 : 1.1) * line;
      pen.stroke();
      drawn++;
    });
  }
  return drawn;
}

// Joints inside the body: diamonds, and bones that taper from the parent to the child.
function drawJoints(pen, overlay, herd, scale, only, widest) {
  let drawn = 0;
  for (const animal of overlay.animals) {
    if (!animal.joints || (only !== null && animal.id !== only)) continue;
    const points = animal.joints, parents = animal.parents || herd.parents, line = finer(animal, scale, widest);
    pen.lineWidth = 0.8 * line;
    pen.strokeStyle = "rgba(0,0,0,.6)";
    pen.fillStyle = colourOf(animal.id);
    points.forEach((point, i) => {
      const parent = points[parents[i]];
      if (!point || !parent) return;
      const [ax, ay, bx, by] = [parent[0] * scale, parent[1] * scale, point[0] * scale, point[1] * scale];
      const length = Math.hypot(bx - ax, by - ay);
      if (!(length > 0)) return;
      const half = Math.min(3.2 * line, 0.14 * length + 0.6 * line), [nx, ny] = [-(by - ay) / length * half, (bx - ax) / length * half];
      const [mx, my] = [ax + 0.18 * (bx - ax), ay + 0.18 * (by - ay)];
      pen.beginPath();
      pen.moveTo(ax, ay);
      pen.lineTo(mx + nx, my + ny);
      pen.lineTo(bx, by);
      pen.lineTo(mx - nx, my - ny);
      pen.closePath();
      pen.globalAlpha = 0.85;
      pen.fill();
      pen.stroke();
    });
    pen.globalAlpha = 1;
    for (const point of points) {
      if (!point || !point[2]) continue;
      const [x, y, d] = [point[0] * scale, point[1] * scale, 2.6 * line];
      pen.beginPath();
      pen.moveTo(x, y - d);
      pen.lineTo(x + d, y);
      pen.lineTo(x, y + d);
      pen.lineTo(x - d, y);
      pen.closePath();
      pen.fillStyle = "#fff";
      pen.fill();
      pen.stroke();
      pen.fillStyle = colourOf(animal.id);
      drawn++;
    }
  }
  return drawn;
}

// Draws what is switched on; the canvas then says in data-drawn how many of each were drawn.
// only: the id of the one animal to draw, or null. line: width of a thin line in canvas pixels.
function drawOverlays(canvas, picture, overlay, herd, on, depth, options) {
  const pen = canvas.getContext("2d"), scale = canvas.width / picture.width, { only = null, line = 1, tags = false } = options;
  const counts = {};
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (on.has("depth") && depth) {
    pen.drawImage(depth, 0, 0, canvas.width, canvas.height);
    counts.depth = 1;
  }
  if (on.has("meshes")) counts.meshes = drawMeshes(pen, picture, overlay, herd, scale, only);
  if (on.has("whole-masks")) counts["whole-masks"] = drawMasks(pen, overlay, true, only);
  if (on.has("masks")) counts.masks = drawMasks(pen, overlay, false, only);
  if (on.has("whole-boxes")) counts["whole-boxes"] = drawBoxes(pen, overlay, scale, true, only, line);
  if (on.has("boxes")) counts.boxes = drawBoxes(pen, overlay, scale, false, only, line);
  if (on.has("joints")) counts.joints = drawJoints(pen, overlay, herd, scale, only, line);
  if (on.has("keypoints")) counts.keypoints = drawKeypoints(pen, overlay, herd, scale, only, line);
  if (tags && (on.has("boxes") || on.has("whole-boxes"))) drawTags(pen, picture, overlay, scale, on.has("whole-boxes"), only, line);
  canvas.dataset.drawn = Object.entries(counts).map(([key, n]) => `${key}:${n}`).join(" ");
}

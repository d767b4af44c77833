/* Pictures: sheets, patches and projections on canvases. */

const bitmaps = new Map();      // a sheet's name → its picture, or the promise of it
const waiting = new Map();      // a canvas that isn't drawn yet → what draws it
const EAGER = 100;              // so many canvases are drawn at once, more when they come near
const observer = new IntersectionObserver(
  entries => entries.filter(entry => entry.isIntersecting).forEach(entry => drawNow(entry.target)),
  {rootMargin: "500px"});

/** Draw a canvas that waits for it. */
function drawNow(canvas) {
  const draw = waiting.get(canvas);
  waiting.delete(canvas);
  observer.unobserve(canvas);
  if (draw) draw(canvas.getContext("2d"), canvas);
}

/** Draw what has been added to the page: all of it if that is little, else what is near. */
function drawWaiting(all = waiting.size <= EAGER) {
  for (const canvas of [...waiting.keys()]) all ? drawNow(canvas) : observer.observe(canvas);
}

/** Use a sheet's picture, now if it is there. Sheets stand behind this script, images first. */
function withSheet(name, use) {
  const known = bitmaps.get(name);
  if (known instanceof ImageBitmap) return use(known);
  const promise = known || readSheet(name);
  bitmaps.set(name, promise);
  return promise.then(bitmap => { bitmaps.set(name, bitmap); use(bitmap); },
                      () => { $("status").textContent = `The sheet ${name} can’t be read.`; });
}

/** Read a sheet: wait until the browser has got so far in this file, then decode it. */
async function readSheet(name) {
  const there = () => document.getElementById("sheet-" + name);
  if (document.readyState === "loading" && !(there() && there().nextElementSibling)) {
    await new Promise(done => document.addEventListener("DOMContentLoaded", done, {once: true}));
  }
  return createImageBitmap(new Blob([bytes(there().textContent)]));      // not while others wait
}

/** A canvas of width×height that is drawn soon; no side larger than `limit` pixels. */
function picture(height, width, words, draw, limit = Infinity) {
  const factor = Math.min(1, limit / Math.max(height, width));
  const canvas = el("canvas", {role: "img", "aria-label": words,
                               width: Math.max(1, Math.round(width * factor)),
                               height: Math.max(1, Math.round(height * factor))});
  canvas.style.aspectRatio = `${width} / ${height}`;
  waiting.set(canvas, context => {
    context.scale(canvas.width / width, canvas.height / height);
    draw(context, canvas);
  });
  return canvas;
}

/** What of a box with this corner is inside of the image: [top, left, height, width] in the box. */
function inside([top, left], [height, width]) {
  const t = Math.max(0, -top), l = Math.max(0, -left);
  return [t, l, Math.min(height, HEIGHT - top) - t, Math.min(width, WIDTH - left) - l];
}

/** Draw a box of an image; what is outside of the image stays as it is, hatched. */
function drawImage(context, s, corner, box) {
  const [t, l, height, width] = inside(corner, box);
  if (height <= 0 || width <= 0) return;
  let first = 0, k = 0;
  while (s >= first + IMAGES.sheets[k].count) first += IMAGES.sheets[k++].count;
  const {id, columns} = IMAGES.sheets[k];
  const x = (s - first) % columns * WIDTH + corner[1] + l;
  const y = Math.floor((s - first) / columns) * HEIGHT + corner[0] + t;
  withSheet(id, sheet => {
    context.drawImage(sheet, x * STORED, y * STORED, width * STORED, height * STORED,
                      l, t, width, height);
    context.canvas.dataset.drawn = "patch";
  });
}

/** A patch: what unit u of layer l sees of its i-th strongest image. */
function patch(l, u, i, v = 0, limit = 256) {
  const top = topOf(l, v), s = top.images[u][i];
  const words = `patch ${i + 1} of ${LAYERS[l].name} unit ${u}: ${imageWords(s)}, `
    + `value ${short(top.values[u][i])}`;
  return picture(...LAYERS[l].box, words,
                 context => drawImage(context, s, top.corners[u][i], LAYERS[l].box), limit);
}

/** The projection of a patch in a view, or null where the page doesn't hold it. What is outside of
    the image is hatched; or, unclipped, gray: in the quiz a hatch would give the patch away. */
function tile(l, u, i, number, clipped = true) {
  const view = LAYERS[l].views[number];
  if (!view || i >= view.depth) return null;
  const {version, rule} = VIEWS[number], top = topOf(l, version), box = LAYERS[l].box;
  const silent = top.values[u][i] <= 0 && !LAYERS[l].classes;
  const [height, width] = LAYERS[l].tile, t = u * view.depth + i, m = t % view.per_sheet;
  const words = `projection of patch ${i + 1} of ${LAYERS[l].name} unit ${u}, ${rule}, `
    + `${VERSIONS[version]}${silent ? ": silent, nothing to project" : ""}`;
  const canvas = picture(...box, words, context => {
    const [y, x, h, w] = inside(top.corners[u][i], box);
    context.beginPath();
    context.rect(x, y, w, h);
    if (clipped) context.clip();
    withSheet(view.sheets[Math.floor(t / view.per_sheet)], sheet => {
      context.drawImage(sheet, m % view.columns * width, Math.floor(m / view.columns) * height,
                        width, height, 0, 0, box[1], box[0]);
      canvas.dataset.drawn = "projection";
    });
  }, Math.max(height, width));
  if (place.options.scale === "layer") {
    canvas.style.filter = `contrast(${view.scales[u][i] / (view.largest || 1)})`;
  }
  return canvas;
}

/** A whole image with the box of a patch in it, or without. */
function whole(s, words, box = null, limit = Infinity) {
  const canvas = picture(HEIGHT, WIDTH, words,
                         context => drawImage(context, s, [0, 0], [HEIGHT, WIDTH]), limit);
  if (!box) return canvas;
  const [top, left, height, width] = box, frame = el("div", {class: "frame"});
  frame.style.top = `${100 * top / HEIGHT}%`;
  frame.style.left = `${100 * left / WIDTH}%`;
  frame.style.height = `${100 * height / HEIGHT}%`;
  frame.style.width = `${100 * width / WIDTH}%`;
  return el("div", {class: "framed"}, canvas, frame);
}

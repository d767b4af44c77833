"use strict";
/* What the page does. In this order: the data and words for it; pictures; addresses; parts of pages;
   the pages; the quiz; finding; keys; the start.

   Names of classes, files and layers come from outside. They become text nodes and attributes, see
   `el`, and never HTML. Letters: l a layer's index, u a unit's, i a patch's (0 the strongest), s an
   image's among those that the page holds, v a version's of the net. */

// ---- the data, and words for it -----------------------------------------------------------------

const DATA = JSON.parse(document.getElementById("data").textContent);
const {layers: LAYERS, images: IMAGES, classes: CLASSES, versions: VERSIONS, views: VIEWS} = DATA;
const HEIGHT = IMAGES.side, WIDTH = IMAGES.side;
const STORED = (IMAGES.stored || IMAGES.side) / IMAGES.side;  // a sheet's pixels per image's pixel
const RANDOM = VERSIONS.indexOf("random weights");
const EPOCHS = [...VERSIONS.keys()].filter(v => v !== RANDOM && v > 0).concat(0);   // trained last
const RULES = [...new Set(VIEWS.map(view => view.rule))];
const EXAMINED = new Map(DATA.examined.map(one => [one.image, one]));
const SORTS = {number: "number", strength: "strongest first", silent: "most often silent first",
               selectivity: "most selective first", class: "class of the nine"};
const SHOWS = {both: "patch and projection", patch: "patch", projection: "projection"};
const NINE = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** The part of the page with this name. */
const $ = name => document.getElementById("page-" + name);

/** A new element. Functions among the attributes are event listeners; children may be strings. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter(child => child !== null));
  return node;
}

/** A number with three digits, and a real minus sign. */
const short = x => String(Number(x.toPrecision(3))).replace("-", "−");

/** A share as a percentage. */
function percent(x) {
  const size = Math.abs(100 * x);
  if (size > 0 && size < 0.1) return (x < 0 ? "−" : "") + "<0.1%";
  const digits = size < 10 && size % 1 >= 0.05 ? 1 : 0;
  return (x < 0 ? "−" : "") + size.toFixed(digits) + "%";
}

const many = (count, one, more) => `${count.toLocaleString("en")} ${count === 1 ? one : more || one + "s"}`;
const capital = text => text[0].toUpperCase() + text.slice(1);
const unitsOf = l => LAYERS[l].tops[0].images.length;
const topOf = (l, v) => LAYERS[l].tops[v] || LAYERS[l].tops[0];
const isDead = (l, u, v = 0) => topOf(l, v).dead.includes(u);
const alive = (l, v = 0) => [...Array(unitsOf(l)).keys()].filter(u => !isDead(l, u, v));
const strongest = (l, u, v = 0) => topOf(l, v).values[u][0];
const className = label => label >= 0 && label < CLASSES.length ? CLASSES[label] : "";
const unitName = (l, u) => `${LAYERS[l].name} / ${u}`;
const unitWords = (l, u) => LAYERS[l].classes && className(u) ? `class “${className(u)}”` : "";

/** An image by its number, and by its class or else its file: "image 205, cat". */
function imageWords(s) {
  const more = className(IMAGES.labels[s]) || IMAGES.names[s];
  return `image ${IMAGES.numbers[s]}${more ? ", " + more : ""}`;
}

/** What the units of a layer are, in a line. */
function layerWords(l) {
  const {shape, field, kind} = LAYERS[l], count = unitsOf(l);
  const maps = kind === "map" && shape.length === 3
    ? `${many(count, "unit")}, each a map of ${shape[1]}×${shape[2]} places`
    : many(count, "unit");
  const sees = field === null ? "sees all of the image" : `sees ${field}×${field} pixels`;
  return `${maps}; ${kind === "map" ? "a place" : "a unit"} ${sees}.`;
}

/** The bytes of a base64 text. */
const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

// ---- pictures -----------------------------------------------------------------------------------

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
  const image = new Image();
  image.src = "data:image/webp;base64," + there().textContent;
  await image.decode();
  return createImageBitmap(image);
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

/** What of a box with this corner lies inside of the image: [top, left, height, width] in the box. */
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
    context.drawImage(sheet, x * STORED, y * STORED, width * STORED, height * STORED, l, t, width, height);
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

/** The projection of a patch in a view, or null where the page doesn't hold it. What is outside of the
    image is hatched, or gray: the quiz's patches would give it away. */
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
  const canvas = picture(HEIGHT, WIDTH, words, context => drawImage(context, s, [0, 0], [HEIGHT, WIDTH]),
                         limit);
  if (!box) return canvas;
  const [top, left, height, width] = box, frame = el("div", {class: "frame"});
  frame.style.top = `${100 * top / HEIGHT}%`;
  frame.style.left = `${100 * left / WIDTH}%`;
  frame.style.height = `${100 * height / HEIGHT}%`;
  frame.style.width = `${100 * width / WIDTH}%`;
  return el("div", {class: "framed"}, canvas, frame);
}

// ---- addresses ----------------------------------------------------------------------------------
//
// "#conv3/17/4?rule=guided" is a place: {kind, l, u, i, …, options}. An option that is as usual
// doesn't stand in the address.

const TAKEN = ["image", "quiz", "about"];       // addresses that are no layers
const ALLOWED = {rule: RULES, weights: VERSIONS, scale: ["own", "layer"], sort: Object.keys(SORTS),
                 show: Object.keys(SHOWS), class: [...CLASSES.keys()].map(String)};
const USUAL = {rule: VIEWS[0].rule, weights: VERSIONS[0], scale: "own", sort: "number", show: "both"};
let place = {kind: "start", options: {...USUAL}};

/** A layer's name as it stands in an address. */
const partOf = name => TAKEN.includes(name) || name === "" || name.startsWith("layer ")
  ? "layer " + name : name;

/** The address of a place: its parts, and the options that are not as usual. */
function address(parts, options = {}) {
  const all = {...place.options, at: undefined, ...options};
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(all)) {
    if (value !== undefined && value !== USUAL[key]) query.set(key, value);
  }
  const path = parts.map(part => encodeURIComponent(part)).join("/");
  return `#${path}${[...query].length ? "?" + query : ""}`;
}

const layerAddress = (l, options) => address([partOf(LAYERS[l].name)], {class: undefined, ...options});
const unitAddress = (l, u, i = null, options = {}) => {
  const there = l === place.l ? {} : {class: undefined};
  const parts = [partOf(LAYERS[l].name), u, ...(i === null ? [] : [i + 1])];
  return address(parts, {...there, ...options});
};
const imageAddress = s => address(["image", IMAGES.numbers[s]], {class: undefined});

/** A part of an address as it was meant, also if somebody typed it badly. */
function decoded(part) {
  try { return decodeURIComponent(part); } catch (error) { return part; }
}

/** A whole number from a part of an address, or −1. */
const whichNumber = part => /^\d{1,9}$/.test(part) ? Number(part) : -1;

/** The place of an address. What leads nowhere has the kind "nothing" and says what is nearest. */
function parse(hash) {
  const [path, ...rest] = hash.replace(/^#/, "").split("?");
  const options = {...USUAL}, notes = [];
  for (const [key, value] of new URLSearchParams(rest.join("?"))) {
    if (key === "at") options.at = value;
    else if (ALLOWED[key] && ALLOWED[key].includes(value)) options[key] = value;
    else notes.push(`There is no ${key} “${value}” here. It is left out.`);
  }
  const parts = path.split("/").map(decoded);
  if (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
  return {options, notes, ...placeOf(parts)};
}

/** The place of an address's parts. */
function placeOf(parts) {
  const [first, second, third] = parts, n = whichNumber(second);
  if (parts.length === 1 && ["", "about"].includes(first)) return {kind: first || "overview"};
  if (first === "quiz" && parts.length < 3) {
    return second === undefined || n < 0 ? {kind: "quiz", seed: 0} : {kind: "quiz", seed: n};
  }
  if (first === "image" && parts.length < 3) return imagePlace(second, n);
  const l = LAYERS.findIndex(layer => partOf(layer.name) === first);
  if (l < 0) return {kind: "nothing", ...nearestLayer(first)};
  if (second === undefined) return {kind: "layer", l};
  const last = unitsOf(l) - 1, name = LAYERS[l].name;
  if (n < 0 || n > last) {
    return {kind: "nothing", why: `${name} has the units 0 … ${last}, and no “${second}”.`,
            near: [[unitName(l, Math.max(0, Math.min(n, last))),
                    unitAddress(l, Math.max(0, Math.min(n, last)))], [name, layerAddress(l)]]};
  }
  const i = whichNumber(third) - 1, held = LAYERS[l].tops[0].images[n].length;
  if (third === undefined) return {kind: "unit", l, u: n, i: null};
  if (i < 0 || i >= held || parts.length > 3) {
    return {kind: "nothing", why: `${unitName(l, n)} has the patches 1 … ${held}, and no `
                                  + `“${parts.slice(2).join("/")}”.`,
            near: [[unitName(l, n), unitAddress(l, n)]]};
  }
  return {kind: "unit", l, u: n, i};
}

/** The place of "image/205", by the image's number among all searched. */
function imagePlace(part, n) {
  if (part === undefined) return {kind: "images"};
  const s = IMAGES.numbers.indexOf(n);
  if (s >= 0) return {kind: "image", s};
  const away = number => Math.abs(number - n);
  const near = IMAGES.numbers.reduce((best, number) => away(number) < away(best) ? number : best);
  return {kind: "nothing",
          why: `The page doesn’t hold an image “${part}”: of ${many(IMAGES.searched, "image")}, it `
               + `holds the ${IMAGES.numbers.length} that some unit has among its strongest.`,
          near: [[imageWords(IMAGES.numbers.indexOf(near)),
                  imageAddress(IMAGES.numbers.indexOf(near))], ["All images", address(["image"])]]};
}

/** Which layers have a name like this one. */
function nearestLayer(name) {
  const order = [...LAYERS.keys()].map(l => [distance(name.toLowerCase(), LAYERS[l].name.toLowerCase()), l]);
  order.sort(([a], [b]) => a - b);
  return {why: `There is no layer “${name}” here.`,
          near: order.slice(0, 3).map(([, l]) => [LAYERS[l].name, layerAddress(l)])};
}

/** How many letters must be put in, left out or changed to make one text of another. */
function distance(a, b) {
  let row = [...Array(b.length + 1).keys()];
  for (let y = 1; y <= a.length; y++) {
    const above = row;
    row = [y];
    for (let x = 1; x <= b.length; x++) {
      row.push(Math.min(above[x] + 1, row[x - 1] + 1, above[x - 1] + (a[y - 1] === b[x - 1] ? 0 : 1)));
    }
  }
  return row[b.length];
}

/** Change options where we are: no new step for the back button. */
function choose(options) {
  history.replaceState(history.state, "", address(partsOf(place), {at: place.options.at, ...options}));
  render();
}

/** A place's parts, from which `address` makes its address. */
function partsOf({kind, l, u, i, s, seed}) {
  if (kind === "layer") return [partOf(LAYERS[l].name)];
  if (kind === "unit") return [partOf(LAYERS[l].name), u, ...(i === null ? [] : [i + 1])];
  if (kind === "image") return ["image", IMAGES.numbers[s]];
  if (kind === "quiz") return ["quiz", seed];
  return kind === "images" ? ["image"] : kind === "about" ? ["about"] : [];
}

/** The number of the view that the options ask for in a layer, or the nearest that it has. */
function viewOf(l) {
  const v = VERSIONS.indexOf(place.options.weights);
  const number = (version, rule) =>
    VIEWS.findIndex((view, n) => view.version === version && view.rule === rule && LAYERS[l].views[n]);
  const wanted = number(v, place.options.rule);
  return wanted >= 0 ? wanted : Math.max(0, number(v, USUAL.rule));
}

/** A view in words: "guided, trained". */
const viewWords = number => `${VIEWS[number].rule}, ${VERSIONS[VIEWS[number].version]}`;

// ---- the order of units, and what belongs together ----------------------------------------------

/** The units of a layer in the order that the options ask for; of one class if they ask for it. */
function ordered(l, filtered = true) {
  const {sort, class: only} = place.options, statistics = LAYERS[l].statistics;
  const v = VIEWS[viewOf(l)].version, common = u => (statistics.common || [])[u];
  const keys = {number: () => 0, strength: u => -strongest(l, u, v), silent: u => -statistics.silent[u],
                selectivity: u => statistics.selectivity ? -(statistics.selectivity[u] || 0) : 0,
                class: u => common(u) ? 100 * common(u)[0] - common(u)[1] : 0};
  const units = [...Array(unitsOf(l)).keys()];
  const some = filtered && only !== undefined
    ? units.filter(u => isOf(l, u, Number(only))) : units;
  return some.sort((a, b) => keys[sort](a) - keys[sort](b) || a - b);
}

/** Whether a unit is a class's own, or most of its nine are of that class. */
function isOf(l, u, label) {
  if (LAYERS[l].classes) return u === label;
  const common = (LAYERS[l].statistics.common || [])[u];
  return Boolean(common) && common[0] === label && 2 * common[1] > LAYERS[l].tops[0].images[u].length;
}

/** How many of a unit's nine share a class: "7 of 9 are “cat”", or "" where no classes are known. */
function commonWords(l, u) {
  const common = (LAYERS[l].statistics.common || [])[u];
  if (!common || !className(common[0])) return "";
  return `${common[1]} of ${LAYERS[l].tops[0].images[u].length} “${className(common[0])}”`;
}

let ups = null;                 // "l/u" → which units above it feeds: [l, u, share], largest first
/** The units above that this one feeds most. */
function fedBy(l, u) {
  if (!ups) {
    ups = new Map();
    LAYERS.forEach((layer, l2) => (layer.down || []).forEach((list, u2) => list.forEach(([l1, u1, share]) => {
      const key = `${l1}/${u1}`;
      ups.set(key, [...(ups.get(key) || []), [l2, u2, share]]);
    })));
    ups.forEach(list => list.sort((a, b) => b[2] - a[2]));
  }
  return (ups.get(`${l}/${u}`) || []).slice(0, 6);
}

// ---- parts of pages -----------------------------------------------------------------------------

/** A section with a heading. */
const section = (title, ...children) => el("section", {}, el("h2", {}, title), ...children);

/** A picture with words below. */
const figure = (node, ...words) => el("figure", {}, node, el("figcaption", {}, ...words));

/** What stands where the page holds no picture. */
const missing = words => el("div", {class: "missing"}, words);

/** Strongest patch and projection of a unit, as a link to it. */
function thumbnail(l, u, lines = [], show = "both") {
  const number = viewOf(l), v = VIEWS[number].version;
  const pictures = [show !== "projection" ? patch(l, u, 0, v, 128) : null,
                    show !== "patch" ? tile(l, u, 0, number) : null];
  const dead = isDead(l, u, v) ? "silent" : null;
  return el("a", {href: unitAddress(l, u), class: dead ? "unit dead" : "unit", "data-key": `unit-${l}-${u}`},
            el("span", {class: "pair"}, pictures),
            [...lines, dead].filter(Boolean).map(line => el("span", {class: "line"}, line)));
}

/** The links to what is before and after; null where nothing is. */
function steps(before, after) {
  const link = (key, entry) => entry
    ? el("a", {href: entry[1], class: "step", "data-key": key, rel: key},
         key === "prev" ? `← ${entry[0]}` : `${entry[0]} →`) : null;
  return el("nav", {class: "steps", "aria-label": "Before and after"}, link("prev", before),
            link("next", after));
}

/** A list of horizontal bars: rows of [words, value, words of the value]. */
function bars(rows, largest) {
  return el("table", {class: "bars"}, rows.map(([words, value, text, mark]) => {
    const bar = el("div", {class: "bar"});
    bar.style.width = `${Math.max(0, 100 * value / (largest || 1))}%`;
    return el("tr", {class: mark || null}, el("th", {scope: "row"}, words),
              el("td", {}, bar), el("td", {class: "number"}, text));
  }));
}

/** A copy of a template's content. */
const template = name => $(name).content.cloneNode(true);

// ---- the pages ----------------------------------------------------------------------------------
//
// Each returns {title, top, body}: the title, and what stands above and below the controls.

const PAGES = {};

/** All layers with their strongest units, how to read them, and where to begin. */
PAGES.overview = () => ({
  title: DATA.title,
  top: [el("h1", {}, `Inside ${DATA.title}`),
        el("p", {}, `Every unit of ${many(LAYERS.length, "layer")}, what fires it, and what in the `
                    + `picture fired it: found in ${many(IMAGES.searched, "image")}.`)],
  body: [
    el("div", {class: "begin"}, section("How to read it", template("how")),
       section("Three places to begin", el("ul", {class: "cards"}, examples()))),
    section("Layers, from the pixels up",
            el("p", {class: "note"}, "Of each layer the units with the largest values. Above: the "
               + "strongest patch. Below: its projection."),
            LAYERS.map((layer, l) => overviewRow(l))),
    section("Images, place by place",
            el("p", {class: "note"}, `Which units are strongest where, in ${many(EXAMINED.size, "image")}.`),
            el("div", {class: "strip twelve wide"}, [...EXAMINED.keys()].slice(0, 12).map(imageLink)),
            el("p", {}, el("a", {href: address(["image"])}, "All images")))]
});

/** A layer in a row of the overview. */
function overviewRow(l) {
  const {version} = VIEWS[viewOf(l)];
  const units = alive(l, version).sort((a, b) => strongest(l, b, version) - strongest(l, a, version));
  return el("div", {class: "layer"},
            el("div", {}, el("h3", {}, el("a", {href: layerAddress(l), "data-key": `layer-${l}`}, LAYERS[l].name)),
               el("p", {class: "note"}, LAYERS[l].about, el("br"), layerWords(l))),
            el("div", {class: "strip twelve"}, units.slice(0, 12).map(u =>
              thumbnail(l, u, [LAYERS[l].classes ? className(u) : String(u)]))));
}

/** Three links for those who don't know where to begin. */
function examples() {
  const some = [...LAYERS.keys()].filter(l => !LAYERS[l].classes && alive(l).length);
  const maps = some.filter(l => LAYERS[l].kind === "map"), from = maps.length ? maps : some;
  const high = from[from.length - 1], middle = from[Math.floor((from.length - 1) / 2)];
  const common = (l, u) => ((LAYERS[l].statistics.common || [])[u] || [0, 0])[1];
  const best = (l, key) => alive(l).reduce((a, b) => key(b) > key(a) ? b : a);
  const card = (href, node, title, words) => el("li", {}, el("a", {href}, node,
    el("span", {}, el("strong", {}, title), el("br"), words)));
  const unit = (l, u, words) => card(unitAddress(l, u), patch(l, u, 0, 0, 128), unitName(l, u),
    commonWords(l, u) ? words : "What do its nine have in common?");
  const cards = [];
  if (from.length) {
    const u = best(high, one => common(high, one));
    cards.push(unit(high, u, `${commonWords(high, u)}. Which part of it?`));
  }
  if (from.length > 1) {
    const u = best(middle, one => 1e6 * (9 - common(middle, one)) + strongest(middle, one));
    cards.push(unit(middle, u, "Nine from many classes. What do they share?"));
  }
  const images = [...EXAMINED.keys()], s = images[Math.floor(images.length / 2)];
  if (s !== undefined) {
    cards.push(card(imageAddress(s), whole(s, imageWords(s), null, 128), capital(imageWords(s)),
                    "Move over it: who is strongest there?"));
  }
  return cards;
}

/** An image as a link to its page. */
const imageLink = s => el("a", {href: imageAddress(s), class: "unit", "data-key": `image-${s}`},
  whole(s, imageWords(s), null, 128),
  el("span", {class: "line"}, className(IMAGES.labels[s]) || String(IMAGES.numbers[s])));

/** Every unit of a layer. */
PAGES.layer = ({l, options}) => {
  const layer = LAYERS[l], units = ordered(l), dead = topOf(l, VIEWS[viewOf(l)].version).dead.length;
  const at = step => LAYERS[l + step] ? [LAYERS[l + step].name, layerAddress(l + step)] : null;
  const filter = options.class === undefined ? null : el("p", {class: "notice"},
    layer.classes ? `Only the unit of “${className(options.class)}”. `
      : `Only units that have “${className(options.class)}” in most of their nine: ${units.length} of `
        + `${unitsOf(l)}. `,
    el("button", {type: "button", "data-key": "all", click: () => choose({class: undefined})}, "Show all"));
  return {
    title: layer.name,
    top: [el("div", {class: "head"}, el("h1", {}, layer.name), steps(at(-1), at(1))),
          el("p", {class: "long"}, capital(layer.about), ". ", capital(layerWords(l)),
             dead ? ` ${capital(many(dead, "unit"))} never fired (dashed).` : ""), filter],
    body: [el("p", {class: "note"}, `Of each unit: its strongest patch and the projection of it (`
              + `${viewWords(viewOf(l))}), then its number${sortWords(options.sort)}.`),
           el("div", {class: "grid"}, units.map(u => thumbnail(l, u, unitLines(l, u), options.show)))]
  };
};

/** What the second line below a unit is, for each order. */
const sortWords = sort => ({number: "", strength: " and largest value", silent: " and how often it is silent",
  selectivity: " and selectivity", class: " and the most frequent class of its nine"})[sort];

/** The lines below a unit in its layer: its number, and that by which they are sorted. */
function unitLines(l, u) {
  const statistics = LAYERS[l].statistics, v = VIEWS[viewOf(l)].version;
  const more = {number: () => "", strength: () => short(strongest(l, u, v)),
                silent: () => percent(statistics.silent[u]),
                selectivity: () => statistics.selectivity ? short(statistics.selectivity[u] || 0) : "",
                class: () => ""};
  const [label, count] = place.options.sort === "class" && (statistics.common || [])[u] || [-1, 0];
  return [String(u), LAYERS[l].classes ? className(u) : "", more[place.options.sort](), className(label),
          count ? `${count} of ${LAYERS[l].tops[0].images[u].length}` : ""];
}

/** One unit: patches beside projections, one patch in its image, and all that is known of it. */
PAGES.unit = place => {
  const {l, u} = place, layer = LAYERS[l], number = viewOf(l), v = VIEWS[number].version;
  const top = topOf(l, v), count = top.images[u].length, i = Math.min(place.i || 0, count - 1);
  const units = ordered(l).includes(u) ? ordered(l) : ordered(l, false), where = units.indexOf(u);
  const at = step => units[where + step] === undefined ? null
    : [String(units[where + step]), unitAddress(l, units[where + step], place.i)];
  const words = [unitWords(l, u), layer.about, layerWords(l).replace(/^.*; /, "")].filter(Boolean);
  return {
    title: unitName(l, u) + (place.i === null ? "" : ` / ${i + 1}`),
    top: [el("div", {class: "head"},
             el("h1", {}, el("a", {href: layerAddress(l, {class: place.options.class})}, layer.name), ` / ${u}`),
             steps(at(-1), at(1))),
          el("p", {}, capital(words.join("; "))),
          isDead(l, u, v) ? el("p", {class: "notice"}, "This unit never fired: in no image is its value "
                               + "above 0. Its nine are those with the largest values all the same.") : null],
    body: [el("div", {class: "nine"}, patches(place, count, v, i), projections(place, count, number, i),
              inItsImage(place, i, number)),
           el("div", {class: "halves"}, [otherRules(l, u, i), otherWeights(l, u)]), numbers(l, u),
           neighbors(l, u), windowInNumbers(l, u)]
  };
};

/** The patches, strongest first, as links to each in its image. */
function patches({l, u}, count, v, chosen) {
  const top = topOf(l, v);
  const cell = i => {
    const label = className(IMAGES.labels[top.images[u][i]]) || String(IMAGES.numbers[top.images[u][i]]);
    return el("a", {href: unitAddress(l, u, i), class: "cell", "data-key": `patch-${i}`,
                    "aria-current": i === chosen ? "true" : null},
              patch(l, u, i, v), el("span", {class: "line"}, `${i + 1} `, el("b", {}, label)),
              el("span", {class: "line"}, short(top.values[u][i])));
  };
  return section(`${capital(NINE[count] || String(count))} strongest patches`,
                 el("div", {class: "block"}, [...Array(count).keys()].map(cell)),
                 el("p", {class: "note"}, CLASSES.length
                    ? "Below each: its place, the image’s class, the value."
                    : "Below each: its place, the image’s number, the value."));
}

/** The projections, each at the place of its patch. */
function projections({l, u, options}, count, number, chosen) {
  const {depth} = LAYERS[l].views[number], {version} = VIEWS[number];
  const cell = i => el("div", {class: "cell", "data-current": i === chosen ? "true" : null},
    tile(l, u, i, number) || missing("not stored"), el("span", {class: "line"}, String(i + 1)),
    el("span", {class: "line"}, "\u00a0"));
  const fewer = depth < count ? ` Of this rule and these weights the page holds ${many(depth, "projection")} `
    + "per unit." : "";
  const scale = options.scale === "layer" ? "one scale for the whole layer" : "each has its own scale";
  return section(`Their projections: ${viewWords(number)}`,
                 el("div", {class: "block"}, [...Array(count).keys()].map(cell)),
                 el("p", {class: "note"}, `Mid-gray is zero; ${scale}.${fewer}`));
}

/** One patch and its box in the whole image. */
function inItsImage({l, u}, i, number) {
  const v = VIEWS[number].version, top = topOf(l, v), s = top.images[u][i], layer = LAYERS[l];
  const spot = top.places ? top.places[u][i] : null;
  const rows = [["Image", el("a", {href: imageAddress(s), "data-key": "its-image"}, String(IMAGES.numbers[s]))],
                ["Class", className(IMAGES.labels[s])], ["File", IMAGES.names[s]],
                ["Value", `${short(top.values[u][i])}${i && top.values[u][0] > 0
                  ? `, ${percent(top.values[u][i] / top.values[u][0])} of the strongest` : ""}`],
                ["Place", spot ? `row ${spot[0]}, column ${spot[1]} of the map` : ""],
                ["Box", layer.field === null ? "all of the image"
                  : `${layer.box[0]}×${layer.box[1]} pixels from row ${short(top.corners[u][i][0])}, column `
                    + short(top.corners[u][i][1])]];
  return el("section", {id: "page-opened"}, el("h2", {}, `Patch ${i + 1} in its image`),
    whole(s, `${imageWords(s)}, with the box of patch ${i + 1}`, [...top.corners[u][i], ...layer.box]),
    el("table", {class: "facts"}, rows.filter(([, value]) => value).map(([key, value]) =>
      el("tr", {}, el("th", {scope: "row"}, key), el("td", {}, value)))));
}

/** One patch, its projection by every rule, all of the trained net. */
function otherRules(l, u, i) {
  const views = [...VIEWS.keys()].filter(n => VIEWS[n].version === 0 && LAYERS[l].views[n]);
  const held = views.every(n => i < LAYERS[l].views[n].depth) && i < topOf(l, 0).images[u].length ? i : 0;
  return section("Other ways down",
    el("p", {class: "note"}, `Patch ${held + 1} of the trained net, brought down by each rule.`),
    el("div", {class: "row"}, figure(patch(l, u, held), "patch"), views.map(n => el("a",
      {href: unitAddress(l, u, place.i, {rule: VIEWS[n].rule, weights: USUAL.weights}), class: "plain",
       "data-key": `view-${n}`}, figure(tile(l, u, held, n), VIEWS[n].rule)))));
}

/** The strongest patch with other weights: random ones, and those of epochs. */
function otherWeights(l, u) {
  const order = [RANDOM, ...EPOCHS].filter(v => v >= 0 && LAYERS[l].tops[v]);
  if (order.length < 2) return null;
  const cell = v => {
    const n = VIEWS.findIndex((view, k) => view.version === v && view.rule === USUAL.rule && LAYERS[l].views[k]);
    return el("a", {href: unitAddress(l, u, place.i, {weights: VERSIONS[v], rule: USUAL.rule}),
                    class: "plain", "data-key": `version-${v}`},
              figure(el("span", {class: "pair"}, patch(l, u, 0, v), n < 0 ? null : tile(l, u, 0, n)), VERSIONS[v],
                     el("br"), `value ${short(strongest(l, u, v))}`));
  };
  return section("Other weights",
    el("p", {class: "note"}, "The strongest patch that the unit has with other weights, and its "
       + "projection by the deconvnet. With random weights it is another detector at the same place."),
    el("div", {class: "row"}, order.map(cell)));
}

/** Histogram, classes, and what else is counted of a unit. */
function numbers(l, u) {
  const {edges, histogram, silent, bars: means, selectivity} = LAYERS[l].statistics;
  const shares = histogram[u], parts = shares.map((share, k) => {
    const bar = el("div", {class: edges[k + 1] <= 0 ? "silent" : null});
    bar.style.height = share > 0 ? `${Math.max(1, 25 * (4 + Math.log10(share)))}%` : "0";
    return bar;
  });
  const chart = el("div", {class: "histogram", role: "img", "aria-label": `histogram of the values: `
    + shares.map((share, k) => share > 0 ? `${short(edges[k])} to ${short(edges[k + 1])}: ${percent(share)}` : "")
      .filter(Boolean).join("; ")}, parts);
  const facts = [`Silent, at 0 or below: ${percent(silent[u])} of all places in all images.`,
    selectivity && selectivity[u] !== null
      ? `Class selectivity: ${short(selectivity[u])} (0: all classes alike; 1: one alone).` : "",
    commonWords(l, u) ? `Strongest patches: ${commonWords(l, u)}, their most frequent class.` : ""];
  const rows = means && means[u] ? means[u].map((mean, label) => [className(label), mean, short(mean)])
    .sort((a, b) => b[1] - a[1]) : [];
  const rest = rows.slice(12);
  return section("In numbers", el("div", {class: "thirds"},
    el("div", {}, el("h3", {}, "Values"), el("div", {class: "chart"},
      el("div", {class: "scale"}, el("span", {}, "100%"), el("span", {}, "1%"), el("span", {}, "0.01%")), chart),
       el("div", {class: "axis"}, el("span", {}, short(edges[0])), el("span", {}, short(edges[edges.length - 1]))),
       el("p", {class: "note"}, "How often a value occurs, of all places in all images. Each line is "
          + "ten times the one below it.")),
    rows.length ? el("div", {}, el("h3", {}, "Classes"), bars(rows.slice(0, 12), rows[0][1]),
      el("p", {class: "note"}, "The image’s largest value, as a mean over the images of each class.",
         rest.length ? ` The other ${rest.length} have ${short(rest[0][1])} at most.` : "")) : null,
    el("div", {}, el("h3", {}, "Counts"), el("ul", {}, facts.filter(Boolean).map(fact => el("li", {}, fact))))));
}

/** The way down and the way up, as links. */
function neighbors(l, u) {
  const list = (entries, none) => entries.length ? el("div", {class: "strip"}, entries.map(([l2, u2, share]) =>
    thumbnail(l2, u2, [unitName(l2, u2), percent(share)]))) : el("p", {class: "note"}, none);
  const down = (LAYERS[l].down || [])[u] || [], up = fedBy(l, u);
  if (!down.length && !up.length) return null;
  return section("Way down and way up", el("div", {class: "halves"},
    el("div", {}, el("h3", {}, "Fed most by"), list(down, "The pixels: this is the first layer."),
       down.length ? el("p", {class: "note"}, "Share of this unit’s value that comes through each (activation × "
                        + "gradient, at its three strongest places). Negative: it holds the value down; so others may have "
                        + "more than 100%.") : null),
    el("div", {}, el("h3", {}, "Feeds most"),
       list(up, "No unit above has this one among its six strongest sources."),
       up.length ? el("p", {class: "note"}, "Share of that unit’s value which comes through this one.") : null)));
}

/** A table of numbers; those for which `mark` says so stand out, and signs have colors. */
function grid(matrix, mark = () => false) {
  const largest = Math.max(...matrix.flat().map(Math.abs), 1e-30);
  return el("table", {class: "matrix"}, matrix.map((row, y) => el("tr", {}, row.map((value, x) => {
    const cell = el("td", {class: mark(y, x) ? "marked" : null}, short(value));
    cell.style.setProperty("--amount", `${Math.round(45 * Math.abs(value) / largest)}%`);
    cell.style.setProperty("--sign", value < 0 ? "var(--orange)" : "var(--blue)");
    return cell;
  }))));
}

/** How one value of the first layer comes about: pixels × weights, summed; then the pool. */
function windowInNumbers(l, u) {
  const one = DATA.window && DATA.window.layer === l ? DATA.window.units[u] : null;
  if (!one) return null;
  const names = one.x.length === 3 ? ["red", "green", "blue"] : one.x.map((_, c) => `channel ${c}`);
  const times = one.x.map((plane, c) => plane.map((row, y) => row.map((pixel, x) => pixel * one.w[c][y][x])));
  const sums = times.map(plane => plane.flat().reduce((a, b) => a + b, 0));
  const {pool} = one;
  return section("One window in numbers", el("details", {},
    el("summary", {"data-key": "window"}, "Its strongest value, multiplied and summed"),
    one.x.map((plane, c) => el("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": names[c]},
      el("h3", {}, capital(names[c])), el("div", {class: "equation"},
        el("div", {}, grid(plane), "pixels, prepared"), el("span", {}, "×"),
        el("div", {}, grid(one.w[c]), "weights"), el("span", {}, "="),
        el("div", {}, grid(times[c]), `products; sum ${short(sums[c])}`)))),
    el("p", {}, `${sums.map(short).join(" + ").replace(/\+ −/g, "− ")} + bias ${short(one.bias)} = `,
       el("strong", {}, short(one.sum))),
    pool ? el("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": "max pool"},
      el("h3", {}, "Then the max pool"), el("div", {class: "equation"},
        el("div", {}, grid(pool.values, (y, x) => y === pool.row && x === pool.column), "a window of such values"),
        el("span", {}, "→"), el("div", {}, grid([[pool.values[pool.row][pool.column]]]),
          `its maximum; the switch: row ${pool.row}, column ${pool.column}`), el("span", {}, "→"),
        el("div", {}, grid(pool.values.map((row, y) => row.map((value, x) => y === pool.row && x === pool.column
          ? value : 0)), (y, x) => y === pool.row && x === pool.column), "unpooled, on the way down"))) : null));
}

/** All images that the page holds. */
PAGES.images = () => {
  const others = [...IMAGES.numbers.keys()].filter(s => !EXAMINED.has(s));
  return {
    title: "Images",
    top: [el("h1", {}, "Images"), el("p", {}, `${capital(many(IMAGES.numbers.length, "image"))} of the `
      + `${IMAGES.searched.toLocaleString("en")} searched: those that some unit has among its strongest.`)],
    body: [section("Examined place by place", el("div", {class: "grid"}, [...EXAMINED.keys()].map(imageLink))),
           others.length ? section("The others", el("div", {class: "grid"}, others.map(imageLink))) : null]
  };
};

/** One image: who is strongest where, the scores, the occlusion map, and whose nine it is in. */
PAGES.image = ({s}) => {
  const one = EXAMINED.get(s), order = [...EXAMINED.keys()], where = order.indexOf(s);
  const at = step => where >= 0 && order[where + step] !== undefined
    ? [String(IMAGES.numbers[order[where + step]]), imageAddress(order[where + step])] : null;
  const file = IMAGES.names[s] && className(IMAGES.labels[s]) ? IMAGES.names[s] : "";
  return {
    title: capital(imageWords(s)),
    top: [el("div", {class: "head"}, el("h1", {}, capital(imageWords(s))), steps(at(-1), at(1))),
          file ? el("p", {class: "note"}, file) : null],
    body: [one ? examinedImage(s, one) : el("div", {}, whole(s, imageWords(s)), el("p", {class: "note"},
             `${many(EXAMINED.size, "image")} are examined place by place; this one isn’t. `,
             el("a", {href: address(["image"])}, "All images"))),
           memberships(s)]
  };
};

/** The units that have an image among their nine. */
function memberships(s) {
  const rows = LAYERS.map((layer, l) => [l, [...layer.tops[0].images.keys()]
    .filter(u => layer.tops[0].images[u].includes(s) && !isDead(l, u))]).filter(([, units]) => units.length);
  return section("Among the nine of", rows.length ? el("table", {class: "facts"}, rows.map(([l, units]) =>
    el("tr", {}, el("th", {scope: "row"}, LAYERS[l].name), el("td", {}, units.slice(0, 60).map(u =>
      [el("a", {href: unitAddress(l, u, LAYERS[l].tops[0].images[u].indexOf(s))},
          LAYERS[l].classes && className(u) ? className(u) : String(u)), " "]).flat(),
      units.length > 60 ? `and ${units.length - 60} more` : null))))
    : el("p", {class: "note"}, "No unit of the trained net."));
}

/** An examined image: the picture with a place in it, and what is strongest there. */
function examinedImage(s, one) {
  const {occlusion} = one, grids = one.layers.filter(Boolean);
  const rows = Math.max(...grids.map(layer => layer.rows), 1), columns = Math.max(...grids.map(layer => layer.columns), 1);
  let [row, column] = (place.options.at || "").split(",").map(whichNumber);
  let held = row >= 0 && row < rows && column >= 0 && column < columns;
  if (!held) [row, column] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const marker = el("div", {class: "marker"}), there = el("div", {class: "there", "aria-live": "polite"});
  const cover = occlusion ? occlusionCanvas(occlusion) : null;
  /** Show a place, and write it into the address if it is to stay. */
  const show = (y, x, keep) => {
    [row, column] = [Math.max(0, Math.min(rows - 1, y)), Math.max(0, Math.min(columns - 1, x))];
    marker.style.cssText = `top: ${100 * row / rows}%; left: ${100 * column / columns}%; `
      + `height: ${100 / rows}%; width: ${100 / columns}%`;
    there.replaceChildren(...strongestThere(one, (row + 0.5) / rows, (column + 0.5) / columns,
                                            `row ${row} of ${rows}, column ${column} of ${columns}`));
    drawWaiting(true);
    if (keep) history.replaceState(history.state, "", address(partsOf(place), {at: `${row},${column}`}));
    board.classList.toggle("held", held);
  };
  const fromPointer = event => {
    const box = board.getBoundingClientRect();
    return [Math.floor(rows * (event.clientY - box.top) / box.height),
            Math.floor(columns * (event.clientX - box.left) / box.width)];
  };
  const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  const board = el("div", {class: "framed board", tabindex: "0", role: "application", "data-key": "board",
    "aria-label": `${imageWords(s)}. Arrow keys move a place over it; what is strongest there follows.`,
    pointermove: event => { if (!held) show(...fromPointer(event), false); },
    click: event => { held = !held; show(...fromPointer(event), held); },
    keydown: event => {
      const move = moves[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      held = true;
      show(row + move[0], column + move[1], true);
    }}, whole(s, imageWords(s)), cover, marker);
  show(row, column, false);
  return el("div", {class: "examined"}, board, there, el("div", {},
    el("p", {class: "note"}, "Move over the image, or go to it by Tab and use the arrow keys. A click "
       + "holds the place, so that you can go to a link; another click lets it go."),
    scores(one, s), occlusion ? occlusionWords(occlusion, cover) : null));
}

/** The strongest units at a place, layer by layer; y and x from 0 to 1. */
function strongestThere(one, y, x, words) {
  const list = LAYERS.map((layer, l) => {
    const maps = one.layers[l];
    if (!maps) return null;
    const cell = Math.floor(y * maps.rows) * maps.columns + Math.floor(x * maps.columns);
    const ids = new Uint16Array(bytes(maps.units).buffer), values = bytes(maps.values);
    const units = [0, 1, 2].map(k => 3 * cell + k).filter(n => values[n] > 0);
    return el("div", {class: "layer"}, el("div", {}, el("h3", {}, el("a", {href: layerAddress(l)}, layer.name)),
      el("p", {class: "note"}, maps.rows * maps.columns > 1 ? `${maps.rows}×${maps.columns} cells` : "all of the image")),
      el("div", {class: "strip"}, units.length ? units.map(n => thumbnail(l, ids[n],
        [LAYERS[l].classes && className(ids[n]) || String(ids[n]), percent(values[n] / 255)]))
        : el("p", {class: "note"}, "All are silent here.")));
  });
  const {occlusion} = one, n = occlusion
    && Math.floor(y * occlusion.rows) * occlusion.columns + Math.floor(x * occlusion.columns);
  return [el("h2", {}, "Strongest here"),
    el("p", {}, `At ${words}.`, occlusion ? ` With a gray square here, “${className(occlusion.class)}” has `
       + `${percent(bytes(occlusion.values)[n] / 255)} instead of ${percent(occlusion.probability)}.` : ""),
    el("p", {class: "note"}, "Below each unit: its number, and its value here as a share of the largest value in "
       + "its layer. The pictures are the unit’s own strongest patch and its projection, not this image’s."),
    ...list.filter(Boolean)];
}

/** The net's answer. */
const scores = (one, s) => el("div", {}, el("h2", {}, "The net’s answer"),
  bars(one.scores.map(([label, probability]) => [
    (className(label) || `class ${label}`) + (label === IMAGES.labels[s] ? " ✓" : ""), probability, percent(probability)]), 1),
  IMAGES.labels[s] >= 0 ? el("p", {class: "note"}, one.scores.some(([label]) => label === IMAGES.labels[s])
    ? "✓ is the image’s class." : `The image’s class, ${className(IMAGES.labels[s])}, isn’t among the five.`) : null);

/** The occlusion map as a see-through picture: orange where covering lowers, blue where it raises. */
function occlusionCanvas({rows, columns, values, probability}) {
  const shares = bytes(values), canvas = el("canvas", {class: "cover", role: "img", width: columns, height: rows,
                                                      "aria-label": "occlusion map"});
  const context = canvas.getContext("2d");
  shares.forEach((value, n) => {
    const change = value / 255 - probability;
    const amount = change < 0 ? -change / (probability || 1) : change / (1 - probability || 1);
    context.fillStyle = change < 0 ? `rgba(213, 94, 0, ${0.85 * amount})` : `rgba(0, 114, 178, ${0.85 * amount})`;
    context.fillRect(n % columns, Math.floor(n / columns), 1, 1);
  });
  canvas.hidden = true;
  canvas.dataset.drawn = "occlusion";
  return canvas;
}

/** What the occlusion map says, and the switch that lays it over the image. */
function occlusionWords({rows, columns, values, probability, size, class: label}, canvas) {
  const shares = bytes(values), low = Math.min(...shares) / 255, high = Math.max(...shares) / 255;
  const box = el("input", {type: "checkbox", "data-key": "occlusion", change: () => { canvas.hidden = !box.checked; }});
  return el("div", {}, el("h2", {}, "Occlusion"), el("p", {}, el("label", {}, box, " Lay the occlusion map over the image")),
    el("p", {class: "note"}, `A gray square of ${size}×${size} pixels covers the image at ${rows}×${columns} places, one `
       + `after the other. Uncovered, “${className(label) || label}” has ${percent(probability)}. Orange: covering lowers it, down `
       + `to ${percent(low)}. Blue: covering raises it, up to ${percent(high)}.`));
}

/** Where the page comes from, what it doesn't tell, and its words. */
PAGES.about = () => ({
  title: "About this page",
  top: [el("h1", {}, "About this page")],
  body: [el("div", {class: "halves"},
    el("div", {}, el("table", {class: "facts"}, DATA.made.map(([key, value]) =>
         el("tr", {}, el("th", {scope: "row"}, key), el("td", {}, value)))),
       section("What a projection doesn’t tell", DATA.caveats.map(text => el("p", {}, text)))),
    el("div", {}, template("words")))]
});

/** An address that leads nowhere: why, and what is nearest. */
PAGES.nothing = ({why, near}) => ({
  title: "Nothing here",
  top: [el("h1", {}, "Nothing here"), el("p", {}, why)],
  body: [el("p", {}, "Nearest:"), el("ul", {}, near.map(([words, href]) => el("li", {}, el("a", {href}, words)))),
         el("p", {}, el("a", {href: address([])}, "All layers"))]
});

// ---- the quiz -----------------------------------------------------------------------------------

const answers = new Map();      // seed → what was chosen; gone when the page is closed

/** A generator of numbers in [0, 1), the same for the same seed (mulberry32). */
function generator(seed) {
  return () => {
    seed = seed + 0x6D2B79F5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

/** Question number `seed`: {kind, l, u, choices, right}, or null if the net is too small. */
function question(seed) {
  const random = generator(seed);
  const draw = (list, count) => {
    const rest = [...list];
    return [...Array(Math.min(count, rest.length))].map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]);
  };
  const clear = l => alive(l).filter(u => {
    const common = (LAYERS[l].statistics.common || [])[u];
    return common && className(common[0]) && 2 * common[1] > LAYERS[l].tops[0].images[u].length;
  });
  const byClass = seed % 2 === 1 && CLASSES.length >= 4
    ? [...LAYERS.keys()].filter(l => clear(l).length) : [];
  if (byClass.length) {
    const [l] = draw(byClass, 1), [u] = draw(clear(l), 1), right = LAYERS[l].statistics.common[u][0];
    const others = draw([...CLASSES.keys()].filter(label => label !== right), 3);
    return {kind: "class", l, u, right, choices: draw([right, ...others], 4)};
  }
  const usable = [...LAYERS.keys()].filter(l => alive(l).length >= 4);
  if (!usable.length) return null;
  const [l] = draw(usable, 1), four = draw(alive(l), 4);
  return {kind: "unit", l, u: four[0], right: four[0], choices: draw(four, 4)};
}

/** A question, and after the answer why it is right or wrong. */
PAGES.quiz = ({seed}) => {
  const asked = question(seed);
  const steps2 = steps(seed > 0 ? [`Question ${seed - 1}`, address(["quiz", seed - 1])] : null,
                       [`Question ${seed + 1}`, address(["quiz", seed + 1])]);
  const top = [el("div", {class: "head"}, el("h1", {}, `Quiz, question ${seed}`), steps2)];
  if (!asked) return {title: "Quiz", top, body: [el("p", {}, "This net has no layer with four units that fire.")]};
  const {kind, l, u, right, choices} = asked, chosen = answers.get(seed), done = chosen !== undefined;
  const shown = [...Array(LAYERS[l].tops[0].images[u].length).keys()];
  const tiles = unit => el("span", {class: "block"}, shown.map(i => tile(l, unit, i, 0, false)));
  const letter = k => "ABCD"[k];
  const choice = (value, k) => el("button",
    {type: "button", class: `choice ${done && value === right ? "right" : done && value === chosen ? "wrong" : ""}`,
     "data-key": `choice-${k}`, disabled: done ? "" : null, click: () => answer(seed, value)},
    el("span", {class: "line"}, `${letter(k)}${done && value === right ? " ✓ right" : done && value === chosen ? " ✗ your answer" : ""}`),
    kind === "unit" ? tiles(value) : el("strong", {}, className(value)));
  const ask = kind === "unit" ? `Nine patches of one unit of ${LAYERS[l].name}. Which are its projections?`
    : `Projections of one unit of ${LAYERS[l].name}. Of which class are most of its patches?`;
  const patchBlock = unit => el("span", {class: "block"}, shown.map(i => patch(l, unit, i)));
  return {title: `Quiz, question ${seed}`, top: [...top, el("p", {}, ask)], body: [
    el("div", {class: "asked"}, kind === "unit" ? patchBlock(u) : tiles(u)),
    el("div", {class: kind === "unit" ? "choices" : "choices words"}, choices.map(choice)),
    done ? verdict(asked, chosen, choices, patchBlock) : el("p", {class: "note"}, "Keys 1 to 4 answer, too."),
    el("p", {class: "note", id: "page-count"}, countWords())]};
};

/** How many answers were right so far. */
function countWords() {
  const right = [...answers].filter(([seed, value]) => question(seed).right === value).length;
  return answers.size ? `${right} of ${answers.size} right. This is counted until you close the page, and kept nowhere.` : "";
}

/** Right or wrong, and why. */
function verdict({kind, l, u, right}, chosen, choices, patchBlock) {
  const words = chosen === right ? "Right. " : "Wrong. ";
  const link = unit => el("a", {href: unitAddress(l, unit)}, unitName(l, unit));
  if (kind === "class") {
    return el("div", {class: "verdict", role: "status"}, el("p", {}, el("strong", {}, words), "Of the strongest patches of ", link(u), `, ${commonWords(l, u)}:`),
      el("div", {class: "asked"}, patchBlock(u)));
  }
  return el("div", {class: "verdict", role: "status"},
    el("p", {}, el("strong", {}, words), "The patches are those of ", link(right), ", choice ",
       "ABCD"[choices.indexOf(right)], ". These are the patches of all four:"),
    el("div", {class: "choices"}, choices.map((unit, k) => el("div", {}, el("p", {}, `${"ABCD"[k]}: `, link(unit)), patchBlock(unit)))));
}

/** Take an answer, once. */
function answer(seed, value) {
  if (!answers.has(seed)) answers.set(seed, value);
  render();
}

// ---- finding ------------------------------------------------------------------------------------

/** What fits a text: [words, address] each, a dozen at most. */
function find(text) {
  const words = text.trim().toLowerCase(), hits = [];
  if (!words) return hits;
  const layers = [...LAYERS.keys()], numbered = words.match(/^(.*?)[\s/]*(\d+)$/);
  const named = layers.filter(l => LAYERS[l].name.toLowerCase().includes(words));
  if (numbered) {
    const [, before, digits] = numbered, n = Number(digits), s = IMAGES.numbers.indexOf(n);
    const begin = layers.filter(l => before && LAYERS[l].name.toLowerCase().startsWith(before.trim()));
    const here = place.l !== undefined ? [place.l, ...layers.filter(l => l !== place.l)] : layers;
    const units = before ? (before.trim() === "unit" ? here : begin) : here;
    if (s >= 0 && (!before || before.trim() === "image")) hits.push([capital(imageWords(s)), imageAddress(s)]);
    const there = units.filter(l => n < unitsOf(l)).map(l => [`Unit ${unitName(l, n)}`, unitAddress(l, n)]);
    place.kind === "image" || before.trim() === "image" ? hits.push(...there) : hits.unshift(...there);
  }
  hits.unshift(...named.map(l => [`Layer ${LAYERS[l].name}`, layerAddress(l)]));
  CLASSES.forEach((name, label) => {
    if (!name.toLowerCase().includes(words)) return;
    for (const l of [...layers].reverse()) {
      const units = [...Array(unitsOf(l)).keys()].filter(u => isOf(l, u, label));
      if (LAYERS[l].classes && units.length) hits.push([`“${name}”: its own unit, ${unitName(l, label)}`, unitAddress(l, label)]);
      else if (units.length) {
        hits.push([`“${name}”: ${many(units.length, "unit")} of ${LAYERS[l].name} with it in most of their nine`,
                   layerAddress(l, {class: String(label)})]);
      }
    }
    const s = [...EXAMINED.keys()].find(image => IMAGES.labels[image] === label);
    if (s !== undefined) hits.push([`“${name}”: image ${IMAGES.numbers[s]}`, imageAddress(s)]);
  });
  return hits.slice(0, 12);
}

/** Show what fits the text in the field. */
function showFound() {
  const text = $("query").value, hits = find(text);
  $("found").replaceChildren(...(hits.length ? hits.map(([words, href]) => el("a", {href, click: closeFound}, words))
    : text.trim() ? [el("p", {}, "Nothing fits. Try a layer, a unit’s number, a class or an image’s number.")] : []));
}

/** Empty the field. */
function closeFound() {
  $("query").value = "";
  $("found").replaceChildren();
}

// ---- keys ---------------------------------------------------------------------------------------

/** Follow a link on the page, if it is there. */
function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
}

/** Go to a layer above or below; from a unit, to the one that it feeds or that feeds it most. */
function climb(step) {
  if (place.kind === "unit") {
    const [next] = step > 0 ? fedBy(place.l, place.u) : (LAYERS[place.l].down || [])[place.u] || [];
    if (next) location.hash = unitAddress(next[0], next[1]);
    else if (LAYERS[place.l + step]) location.hash = layerAddress(place.l + step);
  } else if (place.kind === "layer" && LAYERS[place.l + step]) location.hash = layerAddress(place.l + step);
  else if (place.kind === "overview") location.hash = layerAddress(step > 0 ? 0 : LAYERS.length - 1);
}

/** The next of a list after the one in use. */
const after = (list, value) => list[(list.indexOf(value) + 1) % list.length];

/** A digit: open a patch, or answer a question. */
function digit(n) {
  if (place.kind === "quiz") follow(`[data-key="choice-${n - 1}"]:not([disabled])`);
  else follow(`[data-key="patch-${n - 1}"]`);
}

/** Up: from a patch to its unit, to its layer, to all layers. */
function leave() {
  if (place.kind === "overview") return;
  if (place.kind === "unit") {
    location.hash = place.i === null ? layerAddress(place.l, {class: place.options.class}) : unitAddress(place.l, place.u);
  } else location.hash = place.kind === "image" ? address(["image"]) : address([]);
}

const KEYS = [      // [keys, what the help calls them, what they do, how]
  [["ArrowLeft"], "←", "the unit, layer, image or question before", () => follow('[data-key="prev"]')],
  [["ArrowRight"], "→", "the next one", () => follow('[data-key="next"]')],
  [["ArrowUp"], "↑", "a layer up; from a unit, to the one above that it feeds most", () => climb(1)],
  [["ArrowDown"], "↓", "a layer down; from a unit, to the one below that feeds it most", () => climb(-1)],
  [[..."123456789"], "1 – 9", "open a patch; in the quiz, answer", key => digit(Number(key))],
  [["r"], "r", "next rule", () => choose({rule: after(RULES, place.options.rule), weights: USUAL.weights})],
  [["w"], "w", "random weights, and back", () => RANDOM >= 0 && choose({rule: USUAL.rule,
    weights: place.options.weights === VERSIONS[RANDOM] ? USUAL.weights : VERSIONS[RANDOM]})],
  [["e"], "e", "next epoch", () => EPOCHS.length > 1 && choose({rule: USUAL.rule,
    weights: after(EPOCHS.map(v => VERSIONS[v]), place.options.weights)})],
  [["s"], "s", "one scale for the whole layer, and back", () => choose({scale: after(ALLOWED.scale, place.options.scale)})],
  [["p"], "p", "in a layer: patch, projection, both", () => choose({show: after(ALLOWED.show, place.options.show)})],
  [["/"], "/", "find a unit, layer, class or image", () => $("query").focus()],
  [["q"], "q", "the quiz", () => { location.hash = address(["quiz", 0]); }],
  [["Escape"], "Esc", "up: from a patch to its unit, its layer, all layers", leave],
  [["?"], "?", "this help", () => $("help").showModal()]];

/** Do what a key says, unless somebody writes, or the browser needs it. */
function onKey(event) {
  const typing = event.target.closest && event.target.closest("input, select, textarea, dialog");
  if (event.target === $("query") && event.key === "Escape") { closeFound(); $("main").focus(); return; }
  if (typing && event.target.type !== "checkbox" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!$("keys-on").checked && event.key !== "?" || $("help").open) return;
  const entry = KEYS.find(([keys]) => keys.includes(event.key));
  if (!entry) return;
  event.preventDefault();
  entry[3](event.key);
}

// ---- the start ----------------------------------------------------------------------------------

const scrolls = new Map();      // a step's number → how far it was scrolled, for the back button
let stepNumber = 0;

/** Show the place of the address. */
function render() {
  const before = place, focused = document.activeElement && document.activeElement.dataset.key;
  observer.disconnect();
  waiting.clear();
  place = parse(location.hash);
  const {title, top, body} = PAGES[place.kind](place);
  $("top").replaceChildren(...place.notes.map(note => el("p", {class: "notice"}, note)), ...top.filter(Boolean),
                           ...fallback());
  $("body").replaceChildren(...body.filter(Boolean));
  $("body").className = `at-${place.kind}`;
  document.title = title === DATA.title ? `Inside ${title}` : `${title} · ${DATA.title}`;
  setControls();
  setHeader();
  drawWaiting();
  restoreFocus(before, focused);
}

/** A notice if the page doesn't hold the view that the options ask for. */
function fallback() {
  if (place.kind !== "layer" && place.kind !== "unit") return [];
  const {rule, weights} = place.options, number = viewOf(place.l), view = VIEWS[number];
  if (view.rule === rule && VERSIONS[view.version] === weights) return [];
  return [el("p", {class: "notice"}, `The page doesn’t hold ${rule} with the weights “${weights}” for this layer. `
                                     + `Shown instead: ${viewWords(number)}.`)];
}

/** Keep the keyboard where it was if that is still there; else begin at the page's heading. */
function restoreFocus(before, focused) {
  const same = focused && $("main").querySelector(`[data-key="${focused}"]`);
  const moved = before.kind !== "start" && (before.kind !== place.kind || before.l !== place.l
    || before.s !== place.s || before.seed !== place.seed || before.u !== place.u);
  if (same) same.focus({preventScroll: true});
  else if (moved) $("main").focus({preventScroll: true});
  if (moved) $("status").textContent = document.title;
}

/** Controls as the options say, and only those that this page has. */
function setControls() {
  const {rule, weights, scale, sort, show} = place.options;
  let any = false;
  for (const label of $("controls").querySelectorAll("label")) {
    const there = label.dataset.pages.split(" ").includes(place.kind);
    label.hidden = !there || label.id === "page-epochs" && EPOCHS.length < 2 || label.id === "page-control" && RANDOM < 0;
    any = any || !label.hidden;
  }
  $("controls").hidden = !any;
  [["rule", rule], ["sort", sort], ["show", show]].forEach(([name, value]) => { $(name).value = value; });
  $("scale").checked = scale === "layer";
  $("random").checked = weights === VERSIONS[RANDOM];
  const epoch = EPOCHS.indexOf(VERSIONS.indexOf(weights));
  if (epoch >= 0) $("epoch").value = epoch;
  $("epoch").setAttribute("aria-valuetext", weights);
  $("epoch-name").textContent = weights;
}

/** Links of the header, with the options of now, and which of them is here. */
function setHeader() {
  $("home").href = address([], {class: undefined});
  const link = (words, href, here) => el("a", {href, "aria-current": here ? "page" : null}, words);
  $("layers").replaceChildren(...LAYERS.map((layer, l) => link(layer.name, layerAddress(l), place.l === l)));
  $("more").replaceChildren(link("Images", address(["image"]), ["image", "images"].includes(place.kind)),
                            link("Quiz", address(["quiz", 0]), place.kind === "quiz"),
                            link("About", address(["about"]), place.kind === "about"));
}

/** Go where the address says; a place that was seen before is scrolled as it was. */
function arrive() {
  const before = place, known = history.state && history.state.step;
  if (known === null || known === undefined) {
    stepNumber += 1;
    history.replaceState({step: stepNumber}, "");
  }
  current = known || stepNumber;
  render();
  const alike = before.kind === place.kind && before.l === place.l && place.kind !== "nothing";
  if (known) scrollTo(0, scrolls.get(known) || 0);
  else if (!alike) scrollTo(0, 0);
}
let current = 0;

/** Fill what stays, listen, and show the first place. */
function start() {
  const fill = (name, entries) => $(name).append(...entries.map(([value, words]) => el("option", {value}, words)));
  const statistics = LAYERS.map(layer => layer.statistics);
  const possible = {selectivity: statistics.some(one => one.selectivity), class: statistics.some(one => one.common)};
  fill("sort", Object.entries(SORTS).filter(([key]) => possible[key] !== false));
  fill("show", Object.entries(SHOWS));
  fill("rule", RULES.map(rule => [rule, rule]));
  $("epoch").max = EPOCHS.length - 1;
  $("keys").append(...KEYS.map(([, name, words]) => el("tr", {}, el("th", {scope: "row"}, el("kbd", {}, name)), el("td", {}, words))));
  document.body.classList.toggle("pixelated", Boolean(DATA.pixelated));
  for (const name of ["sort", "show"]) $(name).addEventListener("change", () => choose({[name]: $(name).value}));
  $("rule").addEventListener("change", () => choose({rule: $("rule").value, weights: $("rule").value === USUAL.rule
    ? place.options.weights : USUAL.weights}));
  $("epoch").addEventListener("input", () => choose({weights: VERSIONS[EPOCHS[$("epoch").value]], rule: USUAL.rule}));
  $("random").addEventListener("change", () => choose({rule: USUAL.rule,
    weights: $("random").checked ? VERSIONS[RANDOM] : USUAL.weights}));
  $("scale").addEventListener("change", () => choose({scale: $("scale").checked ? "layer" : "own"}));
  $("controls").addEventListener("submit", event => event.preventDefault());
  $("find").addEventListener("submit", event => { event.preventDefault(); follow("#page-found a"); });
  $("query").addEventListener("input", showFound);
  $("help-open").addEventListener("click", () => $("help").showModal());
  $("skip").addEventListener("click", event => { event.preventDefault(); $("main").focus(); });
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", arrive);
  addEventListener("scroll", () => scrolls.set(current, scrollY), {passive: true});
  addEventListener("beforeprint", () => drawWaiting(true));
  history.scrollRestoration = "manual";
  arrive();
}

start();

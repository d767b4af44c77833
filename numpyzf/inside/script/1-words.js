"use strict";
/* The data, and words for it. This is the first of the page's scripts; they run as one, in the
   order of their numbers.

   Names of classes, files and layers come from outside. They become text nodes and attributes, see
   `el`, and never HTML. Letters: l a layer's index, u a unit's, i a patch's (0 the strongest), s an
   image's among those that the page holds, v a version's of the net. */

const DATA = JSON.parse(document.getElementById("data").textContent);
const {layers: LAYERS, images: IMAGES, classes: CLASSES, versions: VERSIONS, views: VIEWS} = DATA;
const HEIGHT = IMAGES.side, WIDTH = IMAGES.side;
const STORED = (IMAGES.stored || IMAGES.side) / IMAGES.side;  // a sheet's pixels per image's pixel
const RANDOM = VERSIONS.indexOf("random weights");
const EPOCHS = [...VERSIONS.keys()].filter(v => v !== RANDOM && v > 0).concat(0);   // trained last
const RULES = [...new Set(VIEWS.map(view => view.rule))];
const EXAMINED = new Map(DATA.examined.map(one => [one.image, one]));
const SORTS = {number: "number", strength: "strongest first", silent: "most often silent first"};
if (LAYERS.some(({statistics}) => statistics.selectivity)) SORTS.selectivity = "most selective first";
if (LAYERS.some(({statistics}) => statistics.common)) SORTS.class = "class of the nine";
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

const many = (count, word) =>
  `${count.toLocaleString("en")} ${word}${count === 1 ? "" : word.endsWith("h") ? "es" : "s"}`;
const range = count => [...Array(count).keys()];
const capital = text => text[0].toUpperCase() + text.slice(1);
const unitsOf = l => LAYERS[l].tops[0].images.length;
const topOf = (l, v) => LAYERS[l].tops[v] || LAYERS[l].tops[0];
const isDead = (l, u, v = 0) => topOf(l, v).dead.includes(u);
const alive = (l, v = 0) => range(unitsOf(l)).filter(u => !isDead(l, u, v));
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
function bytes(text) {
  const letters = atob(text), numbers = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n++) numbers[n] = letters.charCodeAt(n);
  return numbers;
}

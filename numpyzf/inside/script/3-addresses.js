/* Addresses: "#conv3/17/4?rule=guided" is a place, {kind, l, u, i, …, options}. An option that is
   as usual doesn't stand in the address. */

const TAKEN = ["image", "quiz", "about"];       // addresses that are no layers
const ALLOWED = {rule: RULES, weights: VERSIONS, scale: ["own", "layer"], sort: Object.keys(SORTS),
                 show: Object.keys(SHOWS), class: [...CLASSES.keys()].map(String)};
const USUAL = {rule: VIEWS[0].rule, weights: VERSIONS[0], scale: "own", sort: "number",
               show: "both"};
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

const layerAddress = (l, options) =>
  address([partOf(LAYERS[l].name)], {class: undefined, ...options});
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
          why: `The page doesn’t hold an image “${part}”: of ${many(IMAGES.searched, "image")} `
               + `it holds the ${IMAGES.numbers.length} that some unit has among its strongest.`,
          near: [[imageWords(IMAGES.numbers.indexOf(near)),
                  imageAddress(IMAGES.numbers.indexOf(near))], ["All images", address(["image"])]]};
}

/** Which layers have a name like this one. */
function nearestLayer(name) {
  const away = layer => distance(name.toLowerCase(), layer.name.toLowerCase());
  const order = LAYERS.map((layer, l) => [away(layer), l]);
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
      const other = a[y - 1] === b[x - 1] ? 0 : 1;
      row.push(Math.min(above[x] + 1, row[x - 1] + 1, above[x - 1] + other));
    }
  }
  return row[b.length];
}

/** Change options where we are: no new step for the back button. */
function choose(options) {
  const there = address(partsOf(place), {at: place.options.at, ...options});
  history.replaceState(history.state, "", there);
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

/** The number of a layer's view of a version and a rule, or −1. */
const viewNumber = (l, v, rule) => VIEWS.findIndex((view, n) =>
  view.version === v && view.rule === rule && LAYERS[l].views[n]);

/** The number of the view that the options ask for in a layer, or the nearest that it has. */
function viewOf(l) {
  const v = VERSIONS.indexOf(place.options.weights);
  const wanted = viewNumber(l, v, place.options.rule);
  return wanted >= 0 ? wanted : Math.max(0, viewNumber(l, v, USUAL.rule));
}

/** A view in words: "guided, trained". */
const viewWords = number => `${VIEWS[number].rule}, ${VERSIONS[VIEWS[number].version]}`;

/* The order of units, what belongs together, and the parts that pages are made of. */

/** The units of a layer in the order that the options ask for; of one class if they ask for it. */
function ordered(l, filtered = true) {
  const {sort, class: only} = place.options, statistics = LAYERS[l].statistics;
  const v = VIEWS[viewOf(l)].version, common = u => (statistics.common || [])[u];
  const keys = {number: () => 0, strength: u => -strongest(l, u, v),
                silent: u => -statistics.silent[u],
                selectivity: u => statistics.selectivity ? -(statistics.selectivity[u] || 0) : 0,
                class: u => common(u) ? 100 * common(u)[0] - common(u)[1] : 0};
  const units = range(unitsOf(l));
  const some = filtered && only !== undefined ? units.filter(u => isOf(l, u, Number(only))) : units;
  return some.sort((a, b) => keys[sort](a) - keys[sort](b) || a - b);
}

/** Whether a unit is a class's own, or most of its nine are of that class. */
function isOf(l, u, label) {
  if (LAYERS[l].classes) return u === label;
  const common = (LAYERS[l].statistics.common || [])[u];
  const count = LAYERS[l].tops[0].images[u].length;
  return Boolean(common) && common[0] === label && 2 * common[1] > count;
}

/** How many of a unit's nine share a class: "7 of 9 “cat”"; "" where no classes are known. */
function commonWords(l, u) {
  const common = (LAYERS[l].statistics.common || [])[u];
  if (!common || !className(common[0])) return "";
  return `${common[1]} of ${LAYERS[l].tops[0].images[u].length} “${className(common[0])}”`;
}

let ups = null;         // "l/u" → which units above it feeds: [l, u, share], largest first
/** The units above that this one feeds most. */
function fedBy(l, u) {
  if (!ups) {
    ups = new Map();
    const add = (key, entry) => ups.set(key, [...(ups.get(key) || []), entry]);
    LAYERS.forEach((layer, above) => (layer.down || []).forEach((list, unit) =>
      list.forEach(([below, u1, share]) => add(`${below}/${u1}`, [above, unit, share]))));
    ups.forEach(list => list.sort((a, b) => b[2] - a[2]));
  }
  return (ups.get(`${l}/${u}`) || []).slice(0, 6);
}

/** A section with a heading. */
const section = (title, ...children) => el("section", {}, el("h2", {}, title), ...children);

/** A picture with words below. */
const figure = (node, ...words) => el("figure", {}, node, el("figcaption", {}, ...words));

/** Quiet words, words that must be noticed, and a line below a picture. */
const note = (...words) => el("p", {class: "note"}, ...words);
const notice = (...words) => el("p", {class: "notice"}, ...words);
const line = (...words) => el("span", {class: "line"}, ...words);

/** A table of what is known: rows of [name, text or nodes], without those that are empty. */
const facts = rows => el("table", {class: "facts"}, rows.filter(([, value]) => value).map(
  ([key, value]) => el("tr", {}, el("th", {scope: "row"}, key), el("td", {}, value))));

/** Strongest patch and projection of a unit, as a link to it. */
function thumbnail(l, u, lines = [], show = "both") {
  const number = viewOf(l), v = VIEWS[number].version;
  const pictures = [show !== "projection" ? patch(l, u, 0, v, 128) : null,
                    show !== "patch" ? tile(l, u, 0, number) : null];
  const dead = isDead(l, u, v) ? "silent" : null;
  return el("a", {href: unitAddress(l, u), class: dead ? "unit dead" : "unit",
                  "data-key": `unit-${l}-${u}`},
            el("span", {class: "pair"}, pictures),
            [...lines, dead].filter(Boolean).map(words => line(words)));
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
  return el("table", {class: "bars"}, rows.map(([words, value, text]) => {
    const bar = el("div", {class: "bar"});
    bar.style.width = `${largest > 0 ? Math.max(0, 100 * value / largest) : 0}%`;
    return el("tr", {}, el("th", {scope: "row"}, words), el("td", {}, bar),
              el("td", {class: "number"}, text));
  }));
}

/** A copy of a template's content. */
const template = name => $(name).content.cloneNode(true);

/* The pages, but those of units, images and the quiz. Each returns {title, top, body}: what stands
   above the controls, and below. */

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
            note("Of each layer the units with the largest values. Above: the strongest patch. "
                 + "Below: its projection."),
            LAYERS.map((layer, l) => overviewRow(l))),
    section("Images, place by place",
            note(`Which units are strongest where, in ${many(EXAMINED.size, "image")}.`),
            el("div", {class: "strip twelve wide"},
               [...EXAMINED.keys()].slice(0, 12).map(imageLink)),
            el("p", {}, el("a", {href: address(["image"])}, "All images")))]
});

/** A layer in a row of the overview. */
function overviewRow(l) {
  const layer = LAYERS[l], {version} = VIEWS[viewOf(l)], value = u => strongest(l, u, version);
  const units = alive(l, version).sort((a, b) => value(b) - value(a)).slice(0, 12);
  const link = el("a", {href: layerAddress(l), "data-key": `layer-${l}`}, layer.name);
  return el("div", {class: "layer"},
            el("div", {}, el("h3", {}, link),
               note(capital(layer.about), el("br"), capital(layerWords(l)))),
            el("div", {class: "strip twelve"}, units.map(u =>
              thumbnail(l, u, [layer.classes && className(u) || String(u)]))));
}

/** Three links for those who don't know where to begin. */
function examples() {
  const some = range(LAYERS.length).filter(l => !LAYERS[l].classes && alive(l).length);
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
    const u = best(high, one => 1e6 * common(high, one) + strongest(high, one));
    cards.push(unit(high, u, `${commonWords(high, u)}. Which part of it?`));
  }
  if (from.length > 1) {
    // Of those with the fewest of one class, one whose patch is inside of the image
    const seen = u => inside(topOf(middle, 0).corners[u][0], LAYERS[middle].box).slice(2);
    const area = u => seen(u)[0] * seen(u)[1];
    const u = best(middle, one => 1e6 * (9 - common(middle, one)) + area(one));
    cards.push(unit(middle, u, "Nine from many classes. What do they share?"));
  }
  const images = [...EXAMINED.keys()], s = images[Math.floor(images.length / 2)];
  if (s !== undefined) {
    cards.push(card(imageAddress(s), whole(s, imageWords(s), null, 128), capital(imageWords(s)),
                    "Move over it: who is strongest there?"));
  }
  return cards;
}

/** Every unit of a layer. */
PAGES.layer = ({l, options}) => {
  const layer = LAYERS[l], units = ordered(l), number = viewOf(l);
  const dead = topOf(l, VIEWS[number].version).dead.length;
  const at = step => LAYERS[l + step] ? [LAYERS[l + step].name, layerAddress(l + step)] : null;
  return {
    title: layer.name,
    top: [el("div", {class: "head"}, el("h1", {}, layer.name), steps(at(-1), at(1))),
          el("p", {class: "long"}, capital(layer.about), ". ", capital(layerWords(l)),
             dead ? ` ${many(dead, "unit")} never fired (dashed).` : ""),
          options.class === undefined ? null : onlyClass(l, Number(options.class), units.length)],
    body: [note(`Of each unit: its strongest patch, the projection of it (${viewWords(number)}), `
                + `its number${BELOW[options.sort]}.`),
           el("div", {class: "grid"},
              units.map(u => thumbnail(l, u, unitLines(l, u), options.show)))]
  };
};

/** That only the units of one class are shown. */
const onlyClass = (l, label, count) => notice(
  LAYERS[l].classes ? `Only the unit of “${className(label)}”. ` : "Only units that have "
    + `“${className(label)}” in most of their nine: ${count} of ${unitsOf(l)}. `,
  el("button", {type: "button", "data-key": "all", click: () => choose({class: undefined})},
     "Show all"));

/** What stands below a unit's number, for each order. */
const BELOW = {number: "", strength: " and largest value", silent: " and how often it is silent",
               selectivity: " and selectivity", class: " and the most frequent class of its nine"};

/** The lines below a unit in its layer: its number, and that by which they are sorted. */
function unitLines(l, u) {
  const {silent, selectivity, common} = LAYERS[l].statistics, {sort} = place.options;
  const lines = [String(u), LAYERS[l].classes ? className(u) : ""];
  if (sort === "strength") lines.push(short(strongest(l, u, VIEWS[viewOf(l)].version)));
  if (sort === "silent") lines.push(percent(silent[u]));
  if (sort === "selectivity" && selectivity) lines.push(short(selectivity[u] || 0));
  if (sort === "class" && common && common[u]) {
    lines.push(className(common[u][0]), `${common[u][1]} of ${LAYERS[l].tops[0].images[u].length}`);
  }
  return lines;
}

/** Where the page comes from, what it doesn't tell, and its words. */
PAGES.about = () => ({
  title: "About this page",
  top: [el("h1", {}, "About this page")],
  body: [el("div", {class: "halves"},
    el("div", {}, facts(DATA.made),
       section("What a projection doesn’t tell", DATA.caveats.map(text => el("p", {}, text)))),
    el("div", {}, template("words")))]
});

/** An address that leads nowhere: why, and what is nearest. */
PAGES.nothing = ({why, near}) => ({
  title: "Nothing here",
  top: [el("h1", {}, "Nothing here"), el("p", {}, why)],
  body: [el("p", {}, "Nearest:"),
         el("ul", {}, near.map(([words, href]) => el("li", {}, el("a", {href}, words)))),
         el("p", {}, el("a", {href: address([])}, "All layers"))]
});

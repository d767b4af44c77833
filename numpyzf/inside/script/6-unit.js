/* A unit's page, part by part. */

/** One unit: patches beside projections, one patch in its image, and all that is known of it. */
PAGES.unit = place => {
  const {l, u} = place, layer = LAYERS[l], number = viewOf(l), v = VIEWS[number].version;
  const count = topOf(l, v).images[u].length, i = Math.min(place.i || 0, count - 1);
  const units = ordered(l).includes(u) ? ordered(l) : ordered(l, false), where = units.indexOf(u);
  const at = step => units[where + step] === undefined ? null
    : [String(units[where + step]), unitAddress(l, units[where + step], place.i)];
  const words = [unitWords(l, u), layer.about, layerWords(l).replace(/^.*; /, "")].filter(Boolean);
  const toLayer = el("a", {href: layerAddress(l, {class: place.options.class})}, layer.name);
  return {
    title: unitName(l, u) + (place.i === null ? "" : ` / ${i + 1}`),
    top: [el("div", {class: "head"}, el("h1", {}, toLayer, ` / ${u}`), steps(at(-1), at(1))),
          el("p", {class: "long"}, capital(words.join("; "))),
          isDead(l, u, v) ? notice("This unit never fired: in no image is its value above 0. Its "
                                   + "nine are those with the largest values.") : null],
    body: [el("div", {class: "nine"}, patches(l, u, v, i), projections(l, u, number, i),
              inItsImage(l, u, v, i)),
           el("div", {class: "halves"}, otherRules(l, u, i), otherWeights(l, u)),
           numbers(l, u), neighbors(l, u), windowInNumbers(l, u)]
  };
};

/** The patches, strongest first, as links to each in its image. */
function patches(l, u, v, chosen) {
  const top = topOf(l, v), count = top.images[u].length;
  const cell = i => {
    const s = top.images[u][i], label = className(IMAGES.labels[s]) || String(IMAGES.numbers[s]);
    return el("a", {href: unitAddress(l, u, i), class: "cell", "data-key": `patch-${i}`,
                    "aria-current": i === chosen ? "true" : null},
              patch(l, u, i, v), line(`${i + 1} `, el("b", {}, label)),
              line(short(top.values[u][i])));
  };
  return section(count === 1 ? "The strongest patch" : `${capital(NINE[count])} strongest patches`,
                 el("div", {class: "block"}, range(count).map(cell)),
                 note("Below each: its rank, the image’s ", CLASSES.length ? "class" : "number",
                      ", the value."));
}

/** The projections, each at the place of its patch. */
function projections(l, u, number, chosen) {
  const {depth} = LAYERS[l].views[number], count = topOf(l, VIEWS[number].version).images[u].length;
  const cell = i => el("div", {class: "cell", "data-current": i === chosen ? "true" : null},
    tile(l, u, i, number) || el("div", {class: "missing"}, "not stored"), line(String(i + 1)),
    line("\u00a0"));
  const scale = place.options.scale === "layer" ? "one scale for the whole layer"
    : "each has its own scale";
  const fewer = depth < count
    ? ` Of this rule and these weights the page holds ${many(depth, "projection")} per unit.` : "";
  return section("Their projections", el("div", {class: "block"}, range(count).map(cell)),
                 note(`${capital(viewWords(number))}. Mid-gray is zero; ${scale}.${fewer}`));
}

/** One patch and its box in the whole image. */
function inItsImage(l, u, v, i) {
  const top = topOf(l, v), s = top.images[u][i], {box, field} = LAYERS[l];
  const corner = top.corners[u][i], spot = top.places ? top.places[u][i] : null;
  const value = top.values[u][i];
  const share = i && top.values[u][0] > 0
    ? `, ${percent(value / top.values[u][0])} of the strongest` : "";
  const link = el("a", {href: imageAddress(s), "data-key": "its-image"}, String(IMAGES.numbers[s]));
  return el("section", {id: "page-opened"}, el("h2", {}, `Patch ${i + 1} in its image`),
    whole(s, `${imageWords(s)}, with the box of patch ${i + 1}`, [...corner, ...box]),
    facts([["Image", link], ["Class", className(IMAGES.labels[s])], ["File", IMAGES.names[s]],
           ["Value", short(value) + share],
           ["Place", spot ? `row ${spot[0]}, column ${spot[1]} of the map` : ""],
           ["Box", field === null ? "all of the image"
             : `${box[0]}×${box[1]} pixels from row ${short(corner[0])}, column `
               + short(corner[1])]]));
}

/** One patch, its projection by every rule, all of the trained net. */
function otherRules(l, u, i) {
  const views = range(VIEWS.length).filter(n => VIEWS[n].version === 0 && LAYERS[l].views[n]);
  const held = views.every(n => i < LAYERS[l].views[n].depth) ? i : 0;
  const href = n => unitAddress(l, u, place.i, {rule: VIEWS[n].rule, weights: USUAL.weights});
  const cell = n => el("a", {href: href(n), class: "plain", "data-key": `view-${n}`},
                       figure(tile(l, u, held, n), VIEWS[n].rule));
  return section("Other ways down",
                 note(`Patch ${held + 1} of the trained net, brought down by each rule.`),
                 el("div", {class: "row"}, figure(patch(l, u, held), "patch"), views.map(cell)));
}

/** The strongest patch with other weights: random ones, and those of epochs. */
function otherWeights(l, u) {
  const order = [RANDOM, ...EPOCHS].filter(v => v >= 0 && LAYERS[l].tops[v]);
  const cell = v => {
    const n = viewNumber(l, v, USUAL.rule);
    const pair = el("span", {class: "pair"}, patch(l, u, 0, v), n < 0 ? null : tile(l, u, 0, n));
    return el("a", {href: unitAddress(l, u, place.i, {weights: VERSIONS[v], rule: USUAL.rule}),
                    class: "plain", "data-key": `version-${v}`},
              figure(pair, VERSIONS[v], el("br"), `value ${short(strongest(l, u, v))}`));
  };
  return order.length < 2 ? null : section("Other weights",
    note("The strongest patch that the unit has with other weights, and its projection by the "
         + "deconvnet. With random weights it is another detector that has the same number."),
    el("div", {class: "row"}, order.map(cell)));
}

// ---- numbers ------------------------------------------------------------------------------------

/** Histogram, classes, and what else is counted of a unit. */
function numbers(l, u) {
  const {silent, selectivity} = LAYERS[l].statistics, common = commonWords(l, u);
  const counts = [`Silent, at 0 or below: ${percent(silent[u])} of all places in all images.`,
    selectivity && selectivity[u] !== null
      ? `Class selectivity: ${short(selectivity[u])} (0: all classes alike; 1: one alone).` : "",
    common ? `Strongest patches: ${common}, their most frequent class.` : ""];
  return section("In numbers", el("div", {class: "thirds"}, histogram(l, u), classBars(l, u),
    el("div", {}, el("h3", {}, "Counts"),
       el("ul", {}, counts.filter(Boolean).map(words => el("li", {}, words))))));
}

/** How often a unit has which value; heights by powers of ten. */
function histogram(l, u) {
  const {edges, histogram: all} = LAYERS[l].statistics, shares = all[u];
  const between = k => `${short(edges[k])} to ${short(edges[k + 1])}`;
  const said = shares.map((share, k) => `${between(k)}: ${percent(share)}`)
    .filter((_, k) => shares[k] > 0).join("; ");
  const columns = shares.map((share, k) => {
    const column = el("div", {class: edges[k + 1] <= 0 ? "silent" : null});
    column.style.height = share > 0 ? `${Math.max(1, 25 * (4 + Math.log10(share)))}%` : "0";
    return column;
  });
  const spans = words => words.map(word => el("span", {}, word));
  return el("div", {}, el("h3", {}, "Values"),
    el("div", {class: "chart"}, el("div", {class: "scale"}, spans(["100%", "1%", "0.01%"])),
       el("div", {class: "histogram", role: "img",
                  "aria-label": `histogram of the values: ${said}`}, columns)),
    el("div", {class: "axis"}, spans([short(edges[0]), short(edges[edges.length - 1])])),
    note("How often a value occurs, of all places in all images. Each line is ten times the one "
         + "below it."));
}

/** The mean of a unit's largest value for each class, the twelve largest. */
function classBars(l, u) {
  const means = (LAYERS[l].statistics.bars || [])[u];
  if (!means) return null;
  const rows = means.map((mean, label) => [className(label), mean, short(mean)]);
  rows.sort((a, b) => b[1] - a[1]);
  const rest = rows.slice(12);
  return el("div", {}, el("h3", {}, "Classes"), bars(rows.slice(0, 12), rows[0][1]),
    note("The largest value in an image: its mean over the images of each class.",
         rest.length ? ` The other ${rest.length} have ${short(rest[0][1])} at most.` : ""));
}

/** The way down and the way up, as links. */
function neighbors(l, u) {
  const down = (LAYERS[l].down || [])[u] || [], up = fedBy(l, u);
  const list = entries => el("div", {class: "strip"}, entries.map(([l2, u2, share]) =>
    thumbnail(l2, u2, [unitName(l2, u2), percent(share)])));
  return section("Way down and way up", el("div", {class: "halves"},
    el("div", {}, el("h3", {}, "Fed most by"),
       down.length ? list(down) : note("The pixels: this is the first layer."),
       down.length ? note("Share of this unit’s value that comes through each: activation × "
         + "gradient, at its three strongest places. Negative: it holds the value down; so others "
         + "may have more than 100%.") : null),
    el("div", {}, el("h3", {}, "Feeds most"),
       up.length ? list(up) : note("No unit above has this one among its six strongest sources."),
       up.length ? note("Share of that unit’s value which comes through this one.") : null)));
}

// ---- one window ---------------------------------------------------------------------------------

/** How one value of the first layer comes about: pixels × weights, summed; then the pool. */
function windowInNumbers(l, u) {
  const one = DATA.window && DATA.window.layer === l ? DATA.window.units[u] : null;
  if (!one) return null;
  const names = one.x.length === 3 ? ["red", "green", "blue"] : one.x.map((_, c) => `channel ${c}`);
  const times = one.x.map((plane, c) =>
    plane.map((row, y) => row.map((pixel, x) => pixel * one.w[c][y][x])));
  const sums = times.map(plane => plane.flat().reduce((a, b) => a + b, 0));
  const all = sums.map(short).join(" + ").replace(/\+ −/g, "− ");
  return section("One window in numbers", el("details", {},
    el("summary", {"data-key": "window"}, "Its strongest value, multiplied and summed"),
    one.x.map((plane, c) => equation(names[c], [grid(plane), "pixels, prepared"], "×",
                                     [grid(one.w[c]), "weights"], "=",
                                     [grid(times[c]), `products; sum ${short(sums[c])}`])),
    el("p", {}, `${all} + bias ${short(one.bias)} = `, el("strong", {}, short(one.sum))),
    one.pool ? poolInNumbers(one.pool) : null));
}

/** A max pool's window: its maximum and switch, and what unpooling makes of it. */
function poolInNumbers({values, row, column}) {
  const here = (y, x) => y === row && x === column;
  const unpooled = values.map((line, y) => line.map((value, x) => here(y, x) ? value : 0));
  return equation("then the max pool", [grid(values, here), "a window of such values"], "→",
                  [grid([[values[row][column]]]),
                   `its maximum; the switch: row ${row}, column ${column}`], "→",
                  [grid(unpooled, here), "unpooled, on the way down"]);
}

/** Tables with words below, and signs between them, in a row that can be scrolled. */
const equation = (name, ...parts) => el("div",
  {class: "scroll", tabindex: "0", role: "group", "aria-label": name},
  el("h3", {}, capital(name)), el("div", {class: "equation"}, parts.map(part =>
    typeof part === "string" ? el("span", {}, part) : el("div", {}, part))));

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

/* The pages of images: all of them, and one place by place. */

/** All images that the page holds. */
PAGES.images = () => {
  const others = range(IMAGES.numbers.length).filter(s => !EXAMINED.has(s));
  const links = list => el("div", {class: "grid"}, list.map(imageLink));
  return {
    title: "Images",
    top: [el("h1", {}, "Images"),
          el("p", {}, `${capital(many(IMAGES.numbers.length, "image"))} of the `
             + `${IMAGES.searched.toLocaleString("en")} searched: those that some unit has among `
             + "its strongest, or that are examined.")],
    body: [section("Examined place by place", links([...EXAMINED.keys()])),
           others.length ? section("The others", links(others)) : null]
  };
};

/** An image as a link to its page. */
const imageLink = s => el("a", {href: imageAddress(s), class: "unit", "data-key": `image-${s}`},
  whole(s, imageWords(s), null, 128),
  line(className(IMAGES.labels[s]) || String(IMAGES.numbers[s])));

/** One image: who is strongest where, the scores, the occlusion map, and whose nine it is in. */
PAGES.image = ({s}) => {
  const one = EXAMINED.get(s), order = [...EXAMINED.keys()], where = order.indexOf(s);
  const at = step => where >= 0 && order[where + step] !== undefined
    ? [String(IMAGES.numbers[order[where + step]]), imageAddress(order[where + step])] : null;
  return {
    title: capital(imageWords(s)),
    top: [el("div", {class: "head"}, el("h1", {}, capital(imageWords(s))), steps(at(-1), at(1))),
          IMAGES.names[s] && className(IMAGES.labels[s]) ? note(IMAGES.names[s]) : null],
    body: [one ? examinedImage(s, one)
             : el("div", {class: "alone"}, whole(s, imageWords(s)),
                  note(`${many(EXAMINED.size, "image")} are examined by places, not this one. `,
                       el("a", {href: address(["image"])}, "All images"))),
           memberships(s)]
  };
};

/** The units that have an image among their nine. */
function memberships(s) {
  const link = (l, u) => el("a", {href: unitAddress(l, u, LAYERS[l].tops[0].images[u].indexOf(s))},
                            LAYERS[l].classes && className(u) || String(u));
  const rows = range(LAYERS.length).map(l => {
    const units = alive(l).filter(u => LAYERS[l].tops[0].images[u].includes(s));
    const links = units.slice(0, 60).flatMap(u => [link(l, u), " "]);
    const more = units.length > 60 ? [`and ${units.length - 60} more`] : [];
    return [LAYERS[l].name, [...links, ...more]];
  }).filter(([, links]) => links.length);
  return section("Among the nine of", rows.length ? facts(rows)
                 : note("No unit of the trained net."));
}

/** An examined image: the picture with a place in it, and what is strongest there. */
function examinedImage(s, one) {
  const maps = one.layers.filter(Boolean);
  const finest = key => Math.max(...maps.map(map => map[key]), 1);
  const rows = finest("rows"), columns = finest("columns");
  let [row, column] = (place.options.at || "").split(",").map(whichNumber);
  let held = row >= 0 && row < rows && column >= 0 && column < columns;
  if (!held) [row, column] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const marker = el("div", {class: "marker"});
  const there = el("div", {class: "there", "aria-live": "polite"});
  const cover = one.occlusion ? occlusionCanvas(one.occlusion) : null;
  /** Show a place, and write it into the address if it is held. */
  const show = (y, x) => {
    [row, column] = [Math.max(0, Math.min(rows - 1, y)), Math.max(0, Math.min(columns - 1, x))];
    marker.style.cssText = `top: ${100 * row / rows}%; left: ${100 * column / columns}%; `
      + `height: ${100 / rows}%; width: ${100 / columns}%`;
    const [y2, x2] = [(row + 0.5) / rows, (column + 0.5) / columns];
    const words = `row ${row} of ${rows}, column ${column} of ${columns}`;
    there.replaceChildren(...strongestThere(one, y2, x2, words));
    drawWaiting();
    board.classList.toggle("held", held);
    const at = held ? `${row},${column}` : undefined;
    if (at !== place.options.at) {
      place.options.at = at;
      history.replaceState(history.state, "", address(partsOf(place), {at}));
    }
  };
  const pointed = event => {
    const box = board.getBoundingClientRect();
    return [Math.floor(rows * (event.clientY - box.top) / box.height),
            Math.floor(columns * (event.clientX - box.left) / box.width)];
  };
  const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  const board = el("div", {class: "framed board", tabindex: "0", role: "application",
                           "data-key": "board",
    "aria-label": `${imageWords(s)}. Arrow keys move a place over it.`,
    pointermove: event => { if (!held) show(...pointed(event)); },
    click: event => { held = !held; show(...pointed(event)); },
    keydown: event => {
      const move = moves[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      held = true;
      show(row + move[0], column + move[1]);
    }}, whole(s, imageWords(s)), cover, marker);
  show(row, column);
  return el("div", {class: "examined"}, board, there, el("div", {},
    note("Move over the image, or go to it by Tab and use the arrow keys. A click holds the place, "
         + "so that you can go to a link; another click lets it go."),
    scores(one, s), one.occlusion ? occlusionWords(one.occlusion, cover) : null));
}

/** The strongest units at a place, layer by layer; y and x from 0 to 1. */
function strongestThere(one, y, x, words) {
  const cellOf = map => Math.floor(y * map.rows) * map.columns + Math.floor(x * map.columns);
  const row = l => {
    const map = one.layers[l], cell = cellOf(map);
    const units = new Uint16Array(bytes(map.units).buffer), values = bytes(map.values);
    const three = [0, 1, 2].map(k => 3 * cell + k).filter(n => values[n] > 0);
    const unit = n => thumbnail(l, units[n],
                                [LAYERS[l].classes && className(units[n]) || String(units[n]),
                                              percent(values[n] / 255)]);
    return el("div", {class: "layer"},
      el("div", {}, el("h3", {}, el("a", {href: layerAddress(l)}, LAYERS[l].name)),
         note(map.rows * map.columns > 1 ? `${map.rows}×${map.columns} cells`
              : "all of the image")),
      el("div", {class: "strip"}, three.length ? three.map(unit) : note("All are silent here.")));
  };
  const {occlusion} = one, covered = occlusion
    ? ` With a gray square here, “${className(occlusion.class)}” has `
    + `${percent(bytes(occlusion.values)[cellOf(occlusion)] / 255)} instead of `
    + `${percent(occlusion.probability)}.` : "";
  return [el("h2", {}, "Strongest here"), el("p", {}, `At ${words}.${covered}`),
    note("Below each unit: its number, and its value here as a share of the largest value in its "
         + "layer. The pictures are the unit’s own strongest patch and its projection, not this "
         + "image’s."),
    ...range(LAYERS.length).filter(l => one.layers[l]).map(row)];
}

/** The net's answer. */
function scores(one, s) {
  const label = IMAGES.labels[s], among = one.scores.some(([other]) => other === label);
  const rows = one.scores.map(([other, probability]) => [
    (className(other) || `class ${other}`) + (other === label ? " ✓" : ""), probability,
      percent(probability)]);
  return el("div", {}, el("h2", {}, "The net’s answer"), bars(rows, 1), label < 0 ? null
    : note(among ? "✓ is the image’s class."
           : `The image’s class, ${className(label)}, isn’t among the five.`));
}

/** The occlusion map, see-through: orange where covering lowers, blue where it raises. */
function occlusionCanvas({rows, columns, values, probability}) {
  const canvas = el("canvas", {class: "cover", role: "img", width: columns, height: rows,
                               "aria-label": "occlusion map", "data-drawn": "occlusion"});
  const context = canvas.getContext("2d");
  bytes(values).forEach((value, n) => {
    const change = value / 255 - probability;
    const amount = 0.85 * Math.abs(change) / Math.max(probability, 1 - probability);
    context.fillStyle = change < 0 ? `rgba(213, 94, 0, ${amount})` : `rgba(0, 114, 178, ${amount})`;
    context.fillRect(n % columns, Math.floor(n / columns), 1, 1);
  });
  canvas.hidden = true;
  return canvas;
}

/** What the occlusion map says, and the switch that lays it over the image. */
function occlusionWords({rows, columns, values, probability, size, class: label}, canvas) {
  const shares = bytes(values), low = Math.min(...shares) / 255, high = Math.max(...shares) / 255;
  const box = el("input", {type: "checkbox", "data-key": "occlusion",
                           change: () => { canvas.hidden = !box.checked; }});
  return el("div", {}, el("h2", {}, "Occlusion"),
    el("p", {}, el("label", {}, box, " Lay the occlusion map over the image")),
    note(`A gray square of ${size}×${size} pixels covers the image at ${rows}×${columns} places, `
         + `one after the other. Uncovered, “${className(label) || label}” has `
         + `${percent(probability)}. Orange: covering lowers it, down to ${percent(low)}. Blue: covering raises it, up to `
         + `${percent(high)}. The stronger the color, the larger the change.`));
}

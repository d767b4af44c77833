/* The quiz: nine patches, which projections? Projections, which class? */

const LOWEST_OF_CLASSES = 2;    // layers below see edges and colors, which say little of a class
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
    const rest = [...list], taken = [];
    while (taken.length < count && rest.length) {
      taken.push(rest.splice(Math.floor(random() * rest.length), 1)[0]);
    }
    return taken;
  };
  // Units most of whose nine are of one class, in layers where they aren't classes themselves
  const clear = l => LAYERS[l].classes || !LAYERS[l].statistics.common ? []
    : alive(l).filter(u => isOf(l, u, LAYERS[l].statistics.common[u][0]));
  const byClass = seed % 2 && CLASSES.length >= 4
    ? range(LAYERS.length).slice(LOWEST_OF_CLASSES).filter(l => clear(l).length) : [];
  if (byClass.length) {
    const [l] = draw(byClass, 1), [u] = draw(clear(l), 1);
    const right = LAYERS[l].statistics.common[u][0];
    const others = draw(range(CLASSES.length).filter(label => label !== right), 3);
    return {kind: "class", l, u, right, choices: draw([right, ...others], 4)};
  }
  const usable = range(LAYERS.length).filter(l => alive(l).length >= 4);
  if (!usable.length) return null;
  const [l] = draw(usable, 1), four = draw(alive(l), 4);
  return {kind: "unit", l, u: four[0], right: four[0], choices: draw(four, 4)};
}

/** A question, and after the answer why it is right or wrong. */
PAGES.quiz = ({seed}) => {
  const title = `Quiz, question ${seed}`, asked = question(seed), chosen = answers.get(seed);
  const at = n => n < 0 ? null : [`Question ${n}`, address(["quiz", n])];
  const top = [el("div", {class: "head"}, el("h1", {}, title), steps(at(seed - 1), at(seed + 1)))];
  if (!asked) return {title, top, body: [note("This net has no layer with four units that fire.")]};
  const {kind, l, u, choices} = asked, name = LAYERS[l].name;
  const ask = kind === "unit" ? `Nine patches of one unit of ${name}. Which are its projections?`
    : `Projections of one unit of ${name}. Of which class are most of its patches?`;
  return {title, top: [...top, el("p", {}, ask)], body: [
    el("div", {class: "asked"}, kind === "unit" ? patchBlock(l, u) : tileBlock(l, u)),
    el("div", {class: kind === "unit" ? "choices" : "choices words"},
       choices.map((value, k) => choice(seed, asked, value, k))),
    chosen === undefined ? note("Keys 1 to 4 answer, too.") : verdict(asked, chosen),
    el("p", {class: "note", id: "page-count"}, countWords())]};
};

/** All patches of a unit, and all its projections. */
const patchBlock = (l, u) => el("span", {class: "block"},
  LAYERS[l].tops[0].images[u].map((_, i) => patch(l, u, i)));
const tileBlock = (l, u) => el("span", {class: "block"},
  range(LAYERS[l].views[0].depth).map(i => tile(l, u, i, 0, false)));

/** One of the answers to choose among. */
function choice(seed, {kind, l, right}, value, k) {
  const chosen = answers.get(seed), done = chosen !== undefined;
  const state = !done ? "" : value === right ? "right" : value === chosen ? "wrong" : "";
  return el("button", {type: "button", class: `choice ${state}`, "data-key": `choice-${k}`,
                       disabled: done ? "" : null, click: () => answer(seed, value)},
    line("ABCD"[k] + {"": "", right: " ✓ right", wrong: " ✗ your answer"}[state]),
    kind === "unit" ? tileBlock(l, value) : el("strong", {}, className(value)));
}

/** Take an answer. After it the choices can't be pressed any more. */
function answer(seed, value) {
  answers.set(seed, value);
  render();
}

/** Right or wrong, and why. */
function verdict({kind, l, u, right, choices}, chosen) {
  const words = el("strong", {}, chosen === right ? "Right. " : "Wrong. ");
  const link = unit => el("a", {href: unitAddress(l, unit)}, unitName(l, unit));
  const why = kind === "class"
    ? [el("p", {}, words, "Of the strongest patches of ", link(u), `, ${commonWords(l, u)}:`),
       el("div", {class: "asked"}, patchBlock(l, u))]
    : [el("p", {}, words, "The patches are those of ", link(right), ", choice ",
          "ABCD"[choices.indexOf(right)],
          ". These are the patches of all four:"),
       el("div", {class: "choices"}, choices.map((unit, k) =>
         el("div", {}, el("p", {}, `${"ABCD"[k]}: `, link(unit)), patchBlock(l, unit))))];
  return el("div", {class: "verdict", role: "status"}, why);
}

/** How many answers were right so far. */
function countWords() {
  const right = [...answers].filter(([seed, value]) => question(seed).right === value).length;
  return answers.size
    ? `${right} of ${answers.size} right. This is counted until you close the page, and kept `
    + "nowhere." : "";
}

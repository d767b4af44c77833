/* Finding, keys, and the start. */

// ---- finding ------------------------------------------------------------------------------------

/** What fits a text: [words, address] each, a dozen at most. */
function find(text) {
  const words = text.trim().toLowerCase();
  const layers = range(LAYERS.length).filter(l => LAYERS[l].name.toLowerCase().includes(words));
  return !words ? [] : [...layers.map(l => [`Layer ${LAYERS[l].name}`, layerAddress(l)]),
                        ...findNumber(words), ...findClass(words)].slice(0, 12);
}

/** Units and images of "17", "conv3 17", "conv3/17", "unit 17", "image 17". */
function findNumber(words) {
  const [, begin, digits] = words.match(/^(.*?)[\s/]*(\d+)$/) || [];
  if (digits === undefined) return [];
  const n = Number(digits), s = IMAGES.numbers.indexOf(n), before = begin.trim();
  const all = range(LAYERS.length);
  const here = place.l === undefined ? all : [place.l, ...all.filter(l => l !== place.l)];
  const layers = ["", "unit"].includes(before) ? here
    : all.filter(l => LAYERS[l].name.toLowerCase().startsWith(before));
  const units = layers.filter(l => n < unitsOf(l))
    .map(l => [`Unit ${unitName(l, n)}`, unitAddress(l, n)]);
  const images = s >= 0 && ["", "image"].includes(before)
    ? [[capital(imageWords(s)), imageAddress(s)]] : [];
  return before === "image" || place.kind === "image" ? [...images, ...units]
    : [...units, ...images];
}

/** For each class of that name: its own unit, the layers' units for it, and an image. */
function findClass(words) {
  const fits = label => CLASSES[label].toLowerCase().includes(words);
  return range(CLASSES.length).filter(fits).flatMap(label => {
    const name = `“${CLASSES[label]}”`, hits = [];
    for (const l of range(LAYERS.length).reverse()) {
      const count = range(unitsOf(l)).filter(u => isOf(l, u, label)).length;
      if (count && LAYERS[l].classes) {
        hits.push([`${name}: its own unit, ${unitName(l, label)}`, unitAddress(l, label)]);
      } else if (count) {
        hits.push([`${name}: in most of the nine of ${many(count, "unit")} of ${LAYERS[l].name}`,
                   layerAddress(l, {class: String(label)})]);
      }
    }
    const s = [...EXAMINED.keys()].find(image => IMAGES.labels[image] === label);
    if (s !== undefined) hits.push([`${name}: image ${IMAGES.numbers[s]}`, imageAddress(s)]);
    return hits;
  });
}

/** Show what fits the text in the field. */
function showFound() {
  const text = $("query").value, hits = find(text);
  const nothing = text.trim()
    ? [note("Nothing fits. Try a layer, a unit’s number, a class or an image’s number.")] : [];
  $("found").replaceChildren(...(hits.length
    ? hits.map(([words, href]) => el("a", {href, click: closeFound}, words)) : nothing));
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
  } else if (place.kind === "layer" && LAYERS[place.l + step]) {
    location.hash = layerAddress(place.l + step);
  } else if (place.kind === "overview") location.hash = layerAddress(step > 0 ? 0
    : LAYERS.length - 1);
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
    location.hash = place.i === null ? layerAddress(place.l, {class: place.options.class})
      : unitAddress(place.l, place.u);
  } else location.hash = place.kind === "image" ? address(["image"]) : address([]);
}

const KEYS = [      // [keys, what the help calls them, what they do, how]
  [["ArrowLeft"], "←", "the unit, layer, image or question before", () =>
   follow('[data-key="prev"]')],
  [["ArrowRight"], "→", "the next one", () => follow('[data-key="next"]')],
  [["ArrowUp"], "↑", "a layer up; from a unit, to the one above that it feeds most", () =>
   climb(1)],
  [["ArrowDown"], "↓", "a layer down; from a unit, to the one that feeds it most", () => climb(-1)],
  [[..."123456789"], "1 – 9", "open a patch; in the quiz, answer", key => digit(Number(key))],
  [["r"], "r", "next rule", () => chooseRule(after(RULES, place.options.rule))],
  [["w"], "w", "random weights, and back", () => chooseWeights(
    place.options.weights === VERSIONS[RANDOM] ? USUAL.weights : VERSIONS[RANDOM])],
  [["e"], "e", "next epoch, if the run kept some", () => chooseWeights(
    after(EPOCHS.map(v => VERSIONS[v]), place.options.weights))],
  [["s"], "s", "one scale for the whole layer, and back",
   () => choose({scale: after(ALLOWED.scale, place.options.scale)})],
  [["p"], "p", "in a layer: patch, projection, both",
   () => choose({show: after(ALLOWED.show, place.options.show)})],
  [["/"], "/", "find a unit, layer, class or image", () => $("query").focus()],
  [["q"], "q", "the quiz", () => { location.hash = address(["quiz", 0]); }],
  [["Escape"], "Esc", "up: from a patch to its unit, its layer, all layers", leave],
  [["?"], "?", "this help", () => $("help").showModal()]];

/** Other weights are shown by the deconvnet only, and other rules with the trained weights only. */
const chooseWeights = weights => choose({weights, rule: USUAL.rule});
const chooseRule = rule => choose(rule === USUAL.rule ? {rule} : {rule, weights: USUAL.weights});

/** Do what a key says, unless somebody writes, or the browser needs it. */
function onKey(event) {
  const {target, key} = event;
  if (target === $("query") && key === "Escape") {
    closeFound();
    $("main").focus();
    return;
  }
  const typing = target.closest && target.closest("input, select") && target.type !== "checkbox";
  if (typing || $("help").open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!$("keys-on").checked && key !== "?") return;
  const entry = KEYS.find(([keys]) => keys.includes(key));
  if (!entry) return;
  event.preventDefault();
  entry[3](key);
}

// ---- the start ----------------------------------------------------------------------------------

const scrolls = new Map();      // a step's number → how far it was scrolled, for the back button
let steppedTo = 0, stepHere = 0;     // the number of the last new step, and of the one where we are

/** Show the place of the address. */
function render() {
  const before = place, focused = document.activeElement && document.activeElement.dataset.key;
  observer.disconnect();
  waiting.clear();
  place = parse(location.hash);
  const {title, top, body} = PAGES[place.kind](place);
  $("top").replaceChildren(...place.notes.map(words => notice(words)), ...top.filter(Boolean),
                           ...fallback());
  $("body").replaceChildren(...body.filter(Boolean));
  $("body").className = `at-${place.kind}`;
  document.title = title === DATA.title ? `Inside ${title}` : `${title} · ${DATA.title}`;
  setControls();
  setHeader();
  drawWaiting();
  restoreFocus(before, focused);
}

/** Notices if the page doesn't hold the view or the patch that is asked for. */
function fallback() {
  if (place.kind !== "layer" && place.kind !== "unit") return [];
  const {rule, weights} = place.options, number = viewOf(place.l), view = VIEWS[number], notices = [];
  if (view.rule !== rule || VERSIONS[view.version] !== weights) {
    notices.push(notice(`The page doesn’t hold ${rule} with the weights “${weights}” for this layer. `
                        + `Shown instead: ${viewWords(number)}.`));
  }
  const held = place.kind === "unit" ? topOf(place.l, view.version).images[place.u].length : 0;
  if (held && place.i >= held) {
    notices.push(notice(`With these weights the page holds ${many(held, "patch")} of a unit: shown is `
                        + `number ${held}.`));
  }
  return notices;
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
    const useless = label.id === "page-epochs" && EPOCHS.length < 2 || label.id === "page-control"
      && RANDOM < 0;
    label.hidden = useless || !label.dataset.pages.split(" ").includes(place.kind);
    any = any || !label.hidden;
  }
  $("controls").hidden = !any;
  $("rule").value = rule;
  $("sort").value = sort;
  $("show").value = show;
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
  const images = ["image", "images"].includes(place.kind);
  $("layers").replaceChildren(...LAYERS.map((layer, l) =>
    link(layer.name, layerAddress(l), place.l === l)));
  $("more").replaceChildren(link("Images", address(["image"]), images),
                            link("Quiz", address(["quiz", 0]), place.kind === "quiz"),
                            link("About", address(["about"]), place.kind === "about"));
}

/** Go where the address says; a step that was taken before is scrolled as it was. */
function arrive() {
  const before = place, known = history.state && history.state.step;
  if (!known) history.replaceState({step: steppedTo += 1}, "");
  stepHere = known || steppedTo;
  render();
  const alike = before.kind === place.kind && before.l === place.l && place.kind !== "nothing";
  if (known) scrollTo(0, scrolls.get(known) || 0);
  else if (!alike) scrollTo(0, 0);
}

/** Fill what stays the same on every page. */
function fill() {
  const options = (name, entries) =>
    $(name).append(...entries.map(([value, words]) => el("option", {value}, words)));
  options("sort", Object.entries(SORTS));
  options("show", Object.entries(SHOWS));
  options("rule", RULES.map(rule => [rule, rule]));
  $("epoch").max = EPOCHS.length - 1;
  $("keys").append(...KEYS.map(([, name, words]) =>
    el("tr", {}, el("th", {scope: "row"}, el("kbd", {}, name)), el("td", {}, words))));
  document.body.classList.toggle("pixelated", Boolean(DATA.pixelated));
}

/** Listen to what somebody does. */
function listen() {
  const on = (name, event, action) => $(name).addEventListener(event, action);
  on("sort", "change", () => choose({sort: $("sort").value}));
  on("show", "change", () => choose({show: $("show").value}));
  on("rule", "change", () => chooseRule($("rule").value));
  on("epoch", "input", () => chooseWeights(VERSIONS[EPOCHS[$("epoch").value]]));
  on("random", "change", () => chooseWeights($("random").checked ? VERSIONS[RANDOM]
                                             : USUAL.weights));
  on("scale", "change", () => choose({scale: $("scale").checked ? "layer" : "own"}));
  on("controls", "submit", event => event.preventDefault());
  on("find", "submit", event => { event.preventDefault(); follow("#page-found a"); });
  on("query", "input", showFound);
  on("help-open", "click", () => $("help").showModal());
  on("skip", "click", event => { event.preventDefault(); $("main").focus(); });
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", arrive);
  addEventListener("scroll", () => scrolls.set(stepHere, scrollY), {passive: true});
  addEventListener("beforeprint", () => drawWaiting(true));
  history.scrollRestoration = "manual";
}

fill();
listen();
arrive();

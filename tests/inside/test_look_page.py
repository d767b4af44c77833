"""The page is one file that a browser opens offline, and every address, key and name does its work.

The browser is a headless Chromium, see browser.py. Where there is none, its tests are skipped.
"""
import base64
import json
import re

import browser
import numpy as np
import planted
import pytest

from numpyzf.inside import write

PROGRAM = browser.find()
CONV, FIRE, DEEP, SCORES = range(4)
TILES = ".nine section:nth-child(2)"             # where a unit's projections stand
PARTS = ["layer%20image", "fire2%2Fconcat", "%3Cb%3Edeep%3C%2Fb%3E", "scores"]  # of addresses


@pytest.fixture(scope="module")
def data():
    return planted.planted()[0]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("look") / "page.html"
    write.write(path, *planted.planted())
    return path


@pytest.fixture(scope="module")
def window():
    if PROGRAM is None:
        pytest.skip(f"no browser here: none of {', '.join(browser.NAMES)}")
    window = browser.Browser(PROGRAM)
    yield window
    window.close()


@pytest.fixture
def page(window, file):
    """The page, open at its beginning; at the end nothing must have been wrong or asked for."""
    window.size(1400, 900)
    window.send("Emulation.setEmulatedMedia", media="")
    window.open(file.as_uri())
    window.send("Page.resetNavigationHistory")
    yield window
    assert problems(window.events) == []
    assert requests(window.events) == [file.as_uri()]


def problems(events):
    """Errors and whatever else was written to the console."""
    kinds = "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"
    return [event for event in events if event["method"] in kinds]


def requests(events):
    """What was asked for, but for what stands in the page itself."""
    asked = [event["params"]["request"]["url"] for event in events
             if event["method"] == "Network.requestWillBeSent"]
    return [url.partition("#")[0] for url in asked
            if not url.startswith(("data:", "blob:", "about:"))]


def go(page, address):
    """Type an address behind the page's own."""
    page.run(f"location.hash = {json.dumps(address)}")
    page.settled()


def here(page):
    return page.run("location.hash")


def heading(page):
    return page.run("document.querySelector('h1').textContent")


def texts(page, selector):
    return page.run(f"[...document.querySelectorAll({json.dumps(selector)})]"
                    ".map(e => e.textContent)")


def middle(page, selector):
    """The color in the middle of a canvas, and what it is said to be."""
    return page.run(f"""(() => {{
        const canvas = document.querySelector({json.dumps(selector)});
        const context = canvas.getContext("2d");
        const [x, y] = [canvas.width >> 1, canvas.height >> 1];
        return [[...context.getImageData(x, y, 1, 1).data], canvas.getAttribute("aria-label")];
    }})()""")


# ---- the file ------------------------------------------------------------------------------------

@pytest.mark.small
def test_the_data_come_back_as_they_were_and_the_file_names_no_address(file, data):
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"(https?:)?//[a-z]+\.[a-z]", text) and "http:" not in text
    inside = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1]
    assert json.loads(inside) == json.loads(json.dumps(data))
    assert "<" not in inside


@pytest.mark.small
def test_the_same_bytes_twice_and_a_page_that_fails_leaves_the_earlier_one(file, data, tmp_path):
    again = tmp_path / "again.html"
    size = write.write(again, *planted.planted())
    assert again.read_bytes() == file.read_bytes() and size == again.stat().st_size
    with pytest.raises(ValueError, match="JSON"):
        write.write(again, {**data, "title": float("nan")}, {})
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.small
def test_the_script_makes_no_html():
    """Text from outside becomes text nodes; none of these can make it more."""
    script = write.script()
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "new Function", "fetch(", "XMLHttpRequest", "localStorage", "import("):
        assert way not in script


# ---- every place ---------------------------------------------------------------------------------

@pytest.mark.parametrize("layer", range(4))
def test_ten_units_of_every_layer_show_their_own_pictures(page, data, layer):
    for unit in range(0, planted.UNITS[layer], max(1, planted.UNITS[layer] // 10)):
        go(page, f"#{PARTS[layer]}/{unit}")
        assert heading(page) == f"{planted.LAYERS[layer]} / {unit}"
        top = data["layers"][layer]["tops"][0]
        for i in (0, 8):
            s, (row, column) = top["images"][unit][i], top["corners"][unit][i]
            color, words = middle(page, f"[data-key=patch-{i}] canvas")
            side = planted.BOXES[layer]
            assert color == [*planted.image_color(s), 8 * (row + side // 2), 255]
            number = data["images"]["numbers"][s]
            label = planted.CLASSES[data["images"]["labels"][s]]
            name = planted.LAYERS[layer]
            assert words.startswith(f"patch {i + 1} of {name} unit {unit}: image {number}, {label}")
            color, words = middle(page, f"{TILES} .cell:nth-child({i + 1}) canvas")
            assert color == [*planted.tile_color(layer, 0, unit, i), 255]
            silent = layer == FIRE and unit == planted.DEAD
            assert words == (f"projection of patch {i + 1} of {name} unit {unit}, deconvnet, "
                             "trained" + ": silent, nothing to project" * silent)


def test_every_view_shows_its_own_projection(page):
    for number, (version, rule) in enumerate(planted.VIEWS):
        go(page, f"#{PARTS[FIRE]}/3?rule={rule}&weights={planted.VERSIONS[version]}")
        color, words = middle(page, f"{TILES} canvas")
        assert color == [*planted.tile_color(FIRE, number, 3, 0), 255]
        assert words.endswith(f"{rule}, {planted.VERSIONS[version]}")
        held = len(texts(page, f"{TILES} canvas"))
        assert held == planted.DEPTHS[number]
        note = f"holds {held} projection" in texts(page, f"{TILES} .note")[0]
        assert note == (held < 9)
    go(page, f"#{PARTS[FIRE]}/3?rule=guided&weights=epoch 1")
    assert "Shown instead: deconvnet, epoch 1" in texts(page, ".notice")[0]
    go(page, "#scores/0?rule=no switches")
    assert "Shown instead: deconvnet, trained" in texts(page, ".notice")[0]


def test_a_layer_shows_all_units_in_every_order(page, data):
    layer = data["layers"][FIRE]
    statistics, count = layer["statistics"], planted.UNITS[FIRE]
    keys = {"number": lambda u: u, "strength": lambda u: -layer["tops"][0]["values"][u][0],
            "silent": lambda u: -statistics["silent"][u],
            "selectivity": lambda u: -statistics["selectivity"][u],
            "class": lambda u: (statistics["common"][u][0], -statistics["common"][u][1])}
    for sort, key in keys.items():
        go(page, f"#{PARTS[FIRE]}?sort={sort}")
        numbers = [int(text) for text in texts(page, ".grid .pair + .line")
                   if text.isdigit()]
        assert numbers == sorted(range(count), key=key)
    assert len(texts(page, "a.dead")) == 1
    assert "1 unit never fired" in texts(page, "#page-top")[0]
    go(page, f"#{PARTS[FIRE]}?show=projection")
    assert len(texts(page, ".grid canvas")) == count


def test_what_is_outside_of_the_image_stays_empty(page, data):
    corners = data["layers"][FIRE]["tops"][0]["corners"]
    unit, i = next((u, i) for u, nine in enumerate(corners) for i, (top, _) in enumerate(nine)
                   if top < 0 and i)
    go(page, f"#{PARTS[FIRE]}/{unit}")
    for selector in (f"[data-key=patch-{i}] canvas",
                     f"{TILES} .cell:nth-child({i + 1}) canvas"):
        alpha = page.run(f"""[...document.querySelector({json.dumps(selector)}).getContext("2d")
            .getImageData(7, 0, 1, 14).data].filter((_, n) => n % 4 === 3)""")
        assert alpha == [0] * -corners[unit][i][0] + [255] * (14 + corners[unit][i][0])


def test_pictures_of_a_long_layer_are_drawn_when_they_come_near(page):
    page.size(400, 500)
    go(page, f"#{PARTS[CONV]}")
    undrawn = "document.querySelectorAll('canvas:not([data-drawn])').length"
    assert 0 < page.run(undrawn) < 2 * planted.UNITS[CONV]
    page.run("scrollTo(0, document.body.scrollHeight)")
    page.settled()
    assert page.run("[...document.querySelectorAll('canvas')].at(-1).dataset.drawn") == "projection"
    page.send("Page.printToPDF")
    page.settled()
    assert page.run(undrawn) == 0


def test_a_patch_opened_has_its_box_in_the_whole_image(page, data):
    top = data["layers"][FIRE]["tops"][0]
    go(page, f"#{PARTS[FIRE]}/5/4")
    assert texts(page, "#page-opened h2") == ["Patch 4 in its image"]
    s, corner = top["images"][5][3], top["corners"][5][3]
    (red, green, _, _), words = middle(page, "#page-opened canvas")
    assert (red, green) == planted.image_color(s)
    style = page.run("document.querySelector('.frame').style.cssText")
    share = [float(re.search(rf"{side}: (-?[\d.]+)%", style)[1])
             for side in ("top", "left", "height")]
    np.testing.assert_allclose(share, [100 * corner[0] / 32, 100 * corner[1] / 32, 100 * 14 / 32],
                               atol=1e-3)
    facts = dict(zip(texts(page, "#page-opened th"), texts(page, "#page-opened td")))
    assert facts["Image"] == str(data["images"]["numbers"][s])
    value, largest = top["values"][5][3], top["values"][5][0]
    share = f"{100 * value / largest:.0f}% of the strongest"
    assert facts["Value"] == f"{value:.3g}, {share}"
    row, column = top["places"][5][3]
    assert facts["Place"] == f"row {row}, column {column} of the map"
    page.click("[data-key=its-image]")
    assert here(page) == f"#image/{data['images']['numbers'][s]}"


def test_the_way_down_and_the_way_up_are_links(page, data):
    go(page, f"#{PARTS[DEEP]}/2")
    below = data["layers"][DEEP]["down"][2]
    links = page.run("[...document.querySelectorAll('.halves .strip')[0].querySelectorAll('a')]"
                     ".map(a => a.getAttribute('href'))")
    assert links == [f"#{PARTS[FIRE]}/{u}" for _, u, _ in below]
    assert "−10%" in texts(page, ".strip a .line")
    above = [(share, u) for u, shares in enumerate(data["layers"][DEEP]["down"])
             for _, below, share in shares if below == 2]
    assert len(above) > 2
    go(page, f"#{PARTS[FIRE]}/2")
    links = page.run("[...document.querySelectorAll('.halves .strip')[1].querySelectorAll('a')]"
                     ".map(a => a.getAttribute('href'))")
    strongest = sorted(above, key=lambda entry: -entry[0])[:6]      # the earlier among equals
    assert links == [f"#{PARTS[DEEP]}/{u}" for _, u in strongest]


def test_an_image_says_who_is_strongest_where(page, data):
    one = data["examined"][1]
    go(page, f"#image/{data['images']['numbers'][one['image']]}")
    for row, column in ((0, 0), (13, 13), (4, 9)):
        page.mouse("mouseMoved", *spot(page, row, column))
        page.settled()
        assert f"At row {row} of 14, column {column} of 14." in texts(page, ".there p")[0]
        for layer, side in ((CONV, 14), (FIRE, 10)):
            assert strongest_there(page, layer) == strongest_planted(one, layer, side, row, column)


def spot(page, row, column):
    """Where on the screen a place of the examined image is."""
    x, y, side = page.run("""(() => {
        const box = document.querySelector('.board').getBoundingClientRect();
        return [box.x, box.y, box.width];
    })()""")
    return x + side * (column + .5) / 14, y + side * (row + .5) / 14


def strongest_there(page, layer):
    """The units that the page lists of a layer at the chosen place."""
    links = page.run(f"[...document.querySelectorAll('.there .layer')[{layer}]"
                     ".querySelectorAll('.strip a')].map(a => a.getAttribute('href'))")
    return [int(link.rpartition("/")[2]) for link in links]


def strongest_planted(one, layer, side, row, column):
    """The same from the data."""
    units = np.frombuffer(base64.b64decode(one["layers"][layer]["units"]), "<u2")
    values = np.frombuffer(base64.b64decode(one["layers"][layer]["values"]), "u1")
    cell = int((row + .5) / 14 * side) * side + int((column + .5) / 14 * side)
    return units.reshape(-1, 3)[cell][values.reshape(-1, 3)[cell] > 0].tolist()


def test_a_place_of_an_image_is_held_by_a_click_and_by_the_arrow_keys(page, data):
    number = data["images"]["numbers"][data["examined"][0]["image"]]
    go(page, f"#image/{number}")
    for kind in ("mousePressed", "mouseReleased"):
        page.mouse(kind, *spot(page, 7, 7))
    page.settled()
    assert here(page) == f"#image/{number}?at=7%2C7"
    page.mouse("mouseMoved", *spot(page, 2, 3))
    page.settled()
    assert "At row 7 of 14, column 7" in texts(page, ".there p")[0]
    for kind in ("mousePressed", "mouseReleased"):
        page.mouse(kind, *spot(page, 2, 3))
    page.settled()
    assert here(page) == f"#image/{number}"         # let go
    page.mouse("mouseMoved", *spot(page, 7, 7))
    page.settled()
    page.run("document.querySelector('.board').focus()")
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft"):
        page.press(key)
    assert here(page) == f"#image/{number}?at=6%2C5"
    page.click("[data-key=occlusion]")
    assert page.run("document.querySelector('.cover').hidden") is False
    go(page, "#about")
    go(page, f"#image/{number}?at=1,2")
    assert "At row 1 of 14, column 2" in texts(page, ".there p")[0]


def test_a_window_in_numbers_adds_up(page, data):
    go(page, f"#{PARTS[CONV]}/1")
    page.click("summary")
    one = data["window"]["units"][1]
    total = texts(page, "details > p strong")[0].replace("−", "-")
    assert float(total) == pytest.approx(one["sum"], rel=5e-3)
    sums = [float(text.rpartition(" ")[2].replace("−", "-")) for text in
            texts(page, ".equation > div:last-child") if "products; sum" in text]
    assert sum(sums) + one["bias"] == pytest.approx(one["sum"], abs=0.05)


# ---- addresses, and the way back -----------------------------------------------------------------

def test_going_is_a_step_and_choosing_is_none(page):
    steps = page.run("history.length")
    page.click(f"#page-layers a:nth-child({FIRE + 1})")
    page.click("[data-key=unit-1-4]")
    page.press("3")
    assert here(page) == f"#{PARTS[FIRE]}/4/3"
    for key in ("r", "s", "w"):
        page.press(key)
    assert here(page) == f"#{PARTS[FIRE]}/4/3?weights=random+weights&scale=layer"
    assert page.run("history.length") == steps + 3
    for expected in (f"{planted.LAYERS[FIRE]} / 4", planted.LAYERS[FIRE],
                     "Inside planted <i>net</i>"):
        page.run("history.back()")
        page.run("new Promise(done => setTimeout(done, 50))")
        page.settled()
        assert heading(page) == expected
    page.run("history.forward()")
    page.run("new Promise(done => setTimeout(done, 50))")
    page.settled()
    assert heading(page) == planted.LAYERS[FIRE]


def test_the_way_back_is_scrolled_as_it_was(page):
    page.size(400, 500)
    go(page, f"#{PARTS[FIRE]}")
    page.run("scrollTo(0, 600)")
    page.settled()
    go(page, "#about")
    assert page.run("scrollY") == 0
    page.run("history.back()")
    page.run("new Promise(done => setTimeout(done, 100))")
    page.settled()
    assert page.run("scrollY") == 600


@pytest.mark.parametrize("address, why, nearest", [
    ("#fire2", "There is no layer “fire2”", "#fire2%2Fconcat"),
    ("#fire2%2Fconcat/20", "has the units 0 … 19, and no “20”", "#fire2%2Fconcat/19"),
    ("#fire2%2Fconcat/x", "and no “x”", "#fire2%2Fconcat/0"),
    ("#fire2%2Fconcat/3/10", "has the patches 1 … 9", "#fire2%2Fconcat/3"),
    ("#image/9999", "doesn’t hold an image “9999”", None),
    ("#%E0%A4%A", "There is no layer", None)])
def test_a_wrong_address_says_so_and_offers_the_nearest(page, address, why, nearest):
    go(page, address)
    assert heading(page) == "Nothing here"
    assert why in texts(page, "#page-top p")[0]
    links = page.run("[...document.querySelectorAll('.at-nothing a')]"
                     ".map(a => a.getAttribute('href'))")
    assert nearest is None or nearest in links
    page.click(".at-nothing a")
    assert heading(page) != "Nothing here"


def test_a_wrong_option_is_left_out_and_said(page):
    go(page, f"#{PARTS[FIRE]}/3?rule=magic&scale=layer")
    assert texts(page, ".notice") == ["There is no rule “magic” here. It is left out."]
    assert page.run("document.getElementById('page-scale').checked") is True


# ---- names from outside --------------------------------------------------------------------------

def test_names_are_text(page):
    """Class, file and layer names with tags, quotes, foreign letters and 200 letters."""
    tags = page.run("document.querySelectorAll('script, img, b, i').length")
    seen = ""
    for address in ("#scores", "#scores/0", "#scores?sort=class", "#quiz/1", "#image", "#about",
                    f"#{PARTS[DEEP]}/1/2", "#" + PARTS[CONV], "#image/" + str(number_of_three())):
        go(page, address)
        seen += page.run("document.body.innerText")
        assert page.run("document.querySelectorAll('main script, main img, main i').length") == 0
        assert page.run("document.title") != "bad"
    for name in [*planted.CLASSES, "<b>deep</b>", f"<img src=x>/{planted.LONG}.jpg"]:
        assert name in seen
    assert page.run("document.querySelectorAll('script, img, i').length") <= tags


def number_of_three():
    """The number of the image whose file has the longest name, an examined one."""
    return planted.planted()[0]["images"]["numbers"][3]


# ---- keys, finding, the quiz ---------------------------------------------------------------------

def test_the_keys_do_what_the_help_says(page, data):
    page.press("ArrowUp")
    assert heading(page) == planted.LAYERS[CONV]
    page.press("ArrowUp")
    assert heading(page) == planted.LAYERS[FIRE]
    go(page, f"#{PARTS[FIRE]}/4?sort=strength")
    values = [values[0] for values in data["layers"][FIRE]["tops"][0]["values"]]
    order = sorted(range(20), key=lambda u: -values[u])
    page.press("ArrowRight")
    after = order[order.index(4) + 1]
    assert here(page) == f"#{PARTS[FIRE]}/{after}?sort=strength"
    page.press("ArrowLeft")
    assert here(page) == f"#{PARTS[FIRE]}/4?sort=strength"
    page.press("ArrowDown")
    assert heading(page) == f"{planted.LAYERS[CONV]} / {data['layers'][FIRE]['down'][4][0][1]}"
    go(page, f"#{PARTS[FIRE]}/4")
    page.press("7")
    assert here(page).endswith("/4/7")
    for expected in ("/4", PARTS[FIRE], "#"):
        page.press("Escape")
        assert here(page).endswith(expected) or here(page) == ""
    go(page, f"#{PARTS[FIRE]}/4")
    for expected in ("?weights=epoch+1", "?weights=epoch+2", ""):
        page.press("e")
        assert here(page) == f"#{PARTS[FIRE]}/4{expected}"
    rules = []
    for _ in range(4):
        page.press("r")
        rules.append(page.run("place.options.rule"))
    assert rules == ["gradient", "guided", "no switches", "deconvnet"]
    go(page, f"#{PARTS[FIRE]}")
    page.press("p")
    assert here(page) == f"#{PARTS[FIRE]}?show=patch"
    page.press("q")
    assert heading(page) == "Quiz, question 0"
    page.press("?")
    assert page.run("document.getElementById('page-help').open")
    page.press("Escape")
    assert not page.run("document.getElementById('page-help').open")
    assert heading(page) == "Quiz, question 0"


def test_keys_can_be_turned_off(page):
    page.press("?")
    page.click("#page-keys-on")
    page.press("Escape")
    page.press("q")
    assert here(page) == ""


def test_controls_choose_what_is_shown(page):
    go(page, f"#{PARTS[FIRE]}/4")
    page.run("(() => { const c = document.getElementById('page-epoch'); c.value = 1; "
             "c.dispatchEvent(new Event('input')); })()")
    assert here(page).endswith("?weights=epoch+2")
    page.click("#page-random")
    assert here(page).endswith("?weights=random+weights")
    page.click("#page-scale")
    assert "contrast(" in page.run("document.querySelectorAll('.nine canvas')[9].style.filter")


@pytest.mark.parametrize("text, expected", [
    ("fire2/concat/17", f"#{PARTS[FIRE]}/17"), ("fire2 4", f"#{PARTS[FIRE]}/4"),
    ("deep", f"#{PARTS[DEEP]}"), ("猫科", "#scores/3"), ("<SCRIPT", "#scores/0"),
    ("12", f"#{PARTS[CONV]}/12"), ("unit 4", f"#{PARTS[CONV]}/4")])
def test_finding(page, text, expected):
    page.press("/")
    assert page.run("document.activeElement.id") == "page-query"
    page.send("Input.insertText", text=text)
    page.press("Enter")
    assert here(page) == expected
    assert texts(page, "#page-found a") == []


def test_finding_nothing_says_so(page):
    page.press("/")
    page.send("Input.insertText", text="qwertz")
    page.settled()
    assert texts(page, "#page-found")[0].startswith("Nothing fits")


def test_a_class_chooses_the_units_of_a_layer(page, data):
    common = data["layers"][FIRE]["statistics"]["common"]
    for label in range(5):
        go(page, f"#{PARTS[FIRE]}?class={label}")
        shown = [int(text) for text in texts(page, ".grid .pair + .line") if text.isdigit()]
        assert shown == [u for u, (c, n) in enumerate(common) if c == label and n > 4]
    page.click("[data-key=all]")
    assert here(page) == f"#{PARTS[FIRE]}"


def test_the_quiz_tells_right_from_wrong(page):
    right = 0
    for seed in range(6):
        go(page, f"#quiz/{seed}")
        assert texts(page, ".verdict") == []
        asked = page.run(f"question({seed})")
        answer = (asked["choices"].index(asked["right"]) + seed % 2) % 4
        page.press(str(answer + 1))
        right += seed % 2 == 0
        assert texts(page, ".verdict strong") == [["Right. ", "Wrong. "][seed % 2]]
        assert texts(page, "#page-count")[0].startswith(f"{right} of {seed + 1} right")
        page.press(str(answer + 1))     # an answer counts once
        assert texts(page, "#page-count")[0].startswith(f"{right} of {seed + 1} right")
    assert {page.run(f"question({seed}).kind") for seed in range(6)} == {"unit", "class"}


def test_the_quiz_s_right_answer_is_that_of_the_data(page, data):
    for seed in range(8):
        asked = page.run(f"question({seed})")
        if asked["kind"] == "class":
            common = data["layers"][asked["l"]]["statistics"]["common"][asked["u"]]
            assert asked["right"] == common[0] and common[1] > 4
        else:
            assert asked["right"] == asked["u"]
        assert len(set(asked["choices"])) == 4 and asked["right"] in asked["choices"]


# ---- everyone can use it -------------------------------------------------------------------------

PLACES = ["", f"#{PARTS[FIRE]}", f"#{PARTS[CONV]}/1/3", "#scores/2", "#image", "#quiz/0", "#quiz/1",
          "#about", "#nowhere"]


@pytest.mark.parametrize("width", [1400, 1000, 400])
def test_nothing_is_wider_than_the_screen(page, data, width):
    page.size(width, 800)
    examined = data["images"]["numbers"][data["examined"][0]["image"]]
    for address in [*PLACES, f"#image/{examined}", f"#image/{number_of_three()}"]:
        go(page, address)
        for details in (False, True):
            page.run("document.querySelectorAll('details')"
                     f".forEach(d => d.open = {json.dumps(details)})")
            wide = page.run("document.scrollingElement.scrollWidth - innerWidth")
            assert wide <= 0, address
            assert page.run("""[...document.querySelectorAll(".bar")].every(bar =>
                bar.clientWidth <= bar.parentNode.clientWidth)"""), address


def test_every_picture_has_words_and_every_control_a_name(page, data):
    examined = data["images"]["numbers"][data["examined"][0]["image"]]
    for address in [*PLACES, f"#image/{examined}"]:
        go(page, address)
        assert page.run("[...document.querySelectorAll('canvas, [role=img]')]"
                        ".filter(e => !e.getAttribute('aria-label')).length") == 0
        nameless = page.run("""[...document.querySelectorAll("a, button, input, select, summary")]
            .filter(e => e.offsetParent && !e.textContent.trim() && !e.getAttribute("aria-label")
                         && !(e.labels && e.labels.length)).map(e => e.outerHTML)""")
        assert nameless == []


def test_tab_reaches_everything(page, data):
    examined = data["images"]["numbers"][data["examined"][0]["image"]]
    for address in (f"#{PARTS[FIRE]}/3", f"#image/{examined}", "#quiz/1", f"#{PARTS[CONV]}/1"):
        go(page, address)
        wanted = page.run("""(() => {
            const all = [...document.querySelectorAll(
                "a, button, input, select, summary, [tabindex='0']")]
                .filter(e => e.checkVisibility() && !e.disabled && !e.closest("dialog"));
            all.forEach((e, n) => e.dataset.tab = n);
            document.activeElement.blur();
            scrollTo(0, 0);
            getSelection().collapse(document.body, 0);
            return all.length;
        })()""")
        reached = set()
        for _ in range(wanted + 3):
            page.send("Input.dispatchKeyEvent", type="rawKeyDown", key="Tab",
                      windowsVirtualKeyCode=9)
            page.send("Input.dispatchKeyEvent", type="keyUp", key="Tab", windowsVirtualKeyCode=9)
            reached.add(page.run("document.activeElement.dataset.tab"))
        assert reached >= {str(n) for n in range(wanted)}, address


def test_nothing_answers_to_the_mouse_alone(page, data):
    """Whatever listens to a click is a link, a button or a field, or takes the focus."""
    examined = data["images"]["numbers"][data["examined"][0]["image"]]
    for address in (*PLACES, f"#image/{examined}"):
        go(page, address)
        pointers = page.run("""[...document.querySelectorAll("main *")].filter(e =>
            ["pointer", "crosshair"].includes(getComputedStyle(e).cursor)
            && !e.closest("a, button, summary, label, select, input, [tabindex='0']")).length""")
        assert pointers == 0


def test_focus_stays_where_it_was_or_goes_to_the_page(page):
    go(page, f"#{PARTS[FIRE]}/4")
    page.run("document.querySelector('[data-key=next]').focus()")
    page.press("Enter")
    assert here(page) == f"#{PARTS[FIRE]}/5"
    assert page.run("document.activeElement.dataset.key") == "next"
    page.run("document.querySelector('#page-more a').focus()")
    page.press("Enter")
    assert heading(page) == "Images"


def test_dark_light_and_paper(page):
    colors = []
    for dark in (False, True):
        page.size(1000, 800, dark)
        colors.append(page.run("getComputedStyle(document.body).backgroundColor"))
    assert len(set(colors)) == 2
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.run("getComputedStyle(document.querySelector('header')).display") == "none"

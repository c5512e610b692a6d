// The page of `feedmaker preview`. It shows data from /api, and documents from the server in frames where
// nothing runs. All text is set as text, never as HTML. What is chosen stands in the address, behind the #.

const TABS = [
  { id: "issue", label: "Issue", ofIssue: true, tools: true },
  { id: "text", label: "Plain text", ofIssue: true },
  { id: "source", label: "Source", ofIssue: true },
  { id: "message", label: "Message", ofIssue: true },
  { id: "pages", label: "Pages", tools: true },
  { id: "feeds", label: "Feeds", tools: true },
  { id: "notes", label: "Notes" },
];
const DEVICES = [
  { id: "phone", label: "Phone", width: 375 },
  { id: "tablet", label: "Tablet", width: 768 },
  { id: "desktop", label: "Desktop", width: 1100 },
];
const KEYS = [
  ["1 – 7", "the views"],
  ["p t d", "phone, tablet, desktop: show or hide"],
  ["l", "light or dark"],
  ["i", "images on or off"],
  ["j k", "next or previous episode, page, item or note"],
  ["/", "filter"],
  ["?", "these keys"],
];
const LONGEST_LIST = 300;

const $ = (id) => document.getElementById(id);

// Chosen by the publisher; written to the address.

const chosen = {
  tab: "issue",
  issue: "",
  devices: innerWidth >= 1300 ? ["phone", "tablet"] : ["phone"],
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  images: true,
  page: "",
  feed: null,
  note: "",
  closed: innerWidth < 900 ? ["lists", "subject", "size"] : ["lists"], // sections of the side
  open: [], // items of feeds that are open
  scroll: {}, // by what scrolls
};
const LISTS = ["devices", "closed", "open"];

function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of said) {
    if (name === "dark" || name === "images") chosen[name] = value === "1";
    else if (LISTS.includes(name)) chosen[name] = value ? value.split(" ") : [];
    else if (name.startsWith("at.")) chosen.scroll[name.slice(3)] = Number(value) || 0;
    else if (name in chosen && name !== "scroll") chosen[name] = value;
  }
  if (!TABS.some((tab) => tab.id === chosen.tab)) chosen.tab = "issue";
  chosen.devices = DEVICES.map((device) => device.id).filter((id) => chosen.devices.includes(id));
  if (!chosen.devices.length) chosen.devices = ["phone"];
}

function writeAddress() {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(chosen)) {
    if (name === "scroll") for (const [place, at] of Object.entries(value)) at && said.set(`at.${place}`, at);
    else if (typeof value === "boolean") said.set(name, value ? "1" : "0");
    else if (LISTS.includes(name)) said.set(name, value.join(" "));
    else if (value) said.set(name, value);
  }
  history.replaceState(null, "", `#${said}`);
}

let writing = 0;
function writeAddressSoon() {
  clearTimeout(writing);
  writing = setTimeout(writeAddress, 150);
}

function looks() {
  return (chosen.dark ? "dark" : "light") + (chosen.images ? "" : "-bare");
}

// Known from the server.

const known = { state: null, issue: null, pages: [], page: null, feeds: [], feed: null, notes: [] };
let filter = "";

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const inPath = (path) => path.split("/").map(encodeURIComponent).join("/");

const LOADERS = {
  async pages() {
    // The page that is looked at comes first: with very many notes the list takes its time.
    if (chosen.page && known.pages.length) {
      known.page = await ask(`/api/page/${inPath(chosen.page)}`);
      show();
      await framesAreThere();
    }
    known.pages = await ask("/api/pages");
    if (known.page?.value && known.pages.some((page) => page.path === chosen.page)) return;
    if (!known.pages.some((page) => page.path === chosen.page)) chosen.page = known.pages[0]?.path ?? "";
    known.page = chosen.page ? await ask(`/api/page/${inPath(chosen.page)}`) : null;
  },
  async feeds() {
    known.feeds = await ask("/api/feeds");
    if (!known.feeds.some((feed) => feed.name === chosen.feed)) chosen.feed = known.feeds[0]?.name ?? null;
    known.feed = chosen.feed === null ? null : await ask(`/api/feed/${inPath(chosen.feed)}`);
  },
  async notes() {
    known.notes = await ask("/api/notes");
  },
};

async function loadIssue() {
  const names = known.state.issues.map(([name]) => name);
  if (!names.includes(chosen.issue)) chosen.issue = names[0] || "next";
  known.issue = await ask(`/api/issue/${encodeURIComponent(chosen.issue)}`);
}

// A frame that is taken away never comes, so nobody waits for long.
function framesAreThere() {
  const frames = [...document.querySelectorAll(".incoming")];
  const loads = frames.map((frame) => new Promise((done) => frame.addEventListener("load", done)));
  return Promise.race([Promise.all(loads), new Promise((done) => setTimeout(done, 1000))]);
}

// Only one load at a time; what is wished for meanwhile is done once after it.
let loading = false;
let again = false;
async function load() {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  do {
    again = false;
    try {
      known.state = await ask("/api/state");
      await (LOADERS[chosen.tab] || loadIssue)();
      show();
    } catch {
      connected(false);
    }
  } while (again);
  loading = false;
}

// Building elements.

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Replace what an element holds; focus stays with what has the same data-key.
function fill(element, ...children) {
  const key = element.contains(document.activeElement) && document.activeElement.dataset.key;
  const at = element.scrollTop;
  element.replaceChildren(...children.flat().filter(Boolean));
  element.scrollTop = at;
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

// The top.

function showTop() {
  const state = known.state;
  $("site").textContent = state.title;
  document.title = `${state.title}: preview`;
  const badges = {
    notes: [state.errors + state.warnings + state.held, state.errors ? "bad" : ""],
  };
  const focused = $("tabs").contains(document.activeElement);
  $("tabs").replaceChildren(
    ...TABS.map((tab, index) => {
      const [count, kind] = badges[tab.id] || [0, ""];
      return h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${tab.id}`,
          "aria-selected": String(tab.id === chosen.tab),
          "aria-controls": "panel",
          tabindex: tab.id === chosen.tab ? 0 : -1,
          title: `${tab.label} (${index + 1})`,
          onclick: () => choose({ tab: tab.id }),
        },
        tab.label,
        count ? h("span", { class: `badge ${kind}` }, String(count)) : null,
      );
    }),
  );
  const current = $(`tab-${chosen.tab}`);
  $("panel").setAttribute("aria-labelledby", current.id);
  if (focused) current.focus();
  current.scrollIntoView({ block: "nearest", inline: "nearest" });
}

let shownChange = "";
function connected(is) {
  const clock = $("clock");
  clock.classList.toggle("bad", !is || $("trouble").querySelector(".fault.error") !== null);
  const text = is ? `changed ${known.state.changed}` : "not connected; is the preview still running?";
  if (text !== clock.textContent) clock.textContent = text;
  const isNew = is && shownChange && shownChange !== known.state.changed;
  if (is) shownChange = known.state.changed;
  if (isNew) {
    clock.classList.remove("new");
    requestAnimationFrame(() => clock.classList.add("new"));
  }
}

// The side: what is chosen, and facts about it.

function showSide() {
  const side = { pages: sideOfPages, feeds: sideOfFeeds, notes: sideOfNotes }[chosen.tab] || sideOfIssue;
  fill($("side"), side());
}

function section(id, title, said, ...children) {
  const heading = [`${title} `, h("span", {}, said)];
  if (!children.some(Boolean)) return h("p", { class: "fact summary" }, h("b", {}, heading));
  const toggled = (event) => {
    const others = chosen.closed.filter((each) => each !== id);
    chosen.closed = event.target.open ? others : [...others, id];
    writeAddressSoon();
  };
  return h(
    "details",
    { class: "fact", open: !chosen.closed.includes(id), ontoggle: toggled },
    h("summary", { "data-key": `section-${id}` }, heading),
    ...children,
  );
}

function sideOfIssue() {
  const choices = known.state.issues.map(([name, label]) =>
    h("option", { value: name, selected: name === chosen.issue }, label),
  );
  const chooser = h(
    "label",
    {},
    h("span", {}, "Issue"),
    h(
      "select",
      { "data-key": "issues", onchange: (event) => choose({ issue: event.target.value }) },
      choices,
    ),
  );
  const issue = known.issue?.value;
  if (!issue) return [chooser];
  return [
    chooser,
    h("p", { class: "soft" }, issue.why),
    h("div", { class: "field" }, h("p", { class: "label" }, "In a phone’s inbox"), inbox(issue)),
    section(
      "subject",
      "Subject",
      plural([...issue.subject].length, "character"),
      h("p", {}, issue.subject),
      h("p", { class: "soft" }, issue.preheader),
    ),
    section(
      "size",
      "Size",
      `${kilobytes(issue.size)} of ${kilobytes(issue.limit)}`,
      meter(issue),
      h("p", { class: "soft" }, sizeSaid(issue)),
    ),
    section(
      "cuts",
      "Shortened",
      issue.cuts.length ? plural(issue.cuts.length, "thing") : "nothing",
      issue.cuts.length ? h("ul", {}, issue.cuts.map((cut) => h("li", {}, cut))) : null,
    ),
    section(
      "findings",
      "Checks",
      issue.findings.length ? plural(issue.findings.length, "finding") : "nothing found",
      issue.findings.length ? h("ul", {}, issue.findings.map(finding)) : null,
    ),
  ];
}

function inbox(issue) {
  return h(
    "div",
    { class: "inbox", dir: "auto" },
    h("div", { class: "face", "aria-hidden": "true" }, [...issue.sender][0] || ""),
    h("p", { class: "from" }, issue.sender),
    h("p", { class: "subject" }, issue.subject),
    h("p", { class: "preheader" }, issue.preheader),
  );
}

function meter(issue) {
  const share = issue.size / issue.limit;
  const fillBar = h("i");
  fillBar.style.width = `${Math.min(100, share * 100)}%`;
  return h(
    "div",
    {
      class: "meter",
      role: "meter",
      "aria-label": "Size of the HTML part",
      "aria-valuemin": 0,
      "aria-valuemax": issue.limit,
      "aria-valuenow": issue.size,
      "aria-valuetext": `${kilobytes(issue.size)} of ${kilobytes(issue.limit)}`,
      "data-level": share > 1 ? "over" : share > 0.9 ? "near" : "well",
    },
    fillBar,
  );
}

function sizeSaid(issue) {
  if (issue.size > issue.limit) return "Too long: some mail programs would cut its end off.";
  return `As it is sent; ${kilobytes(issue.limit - issue.size)} are left before mail programs cut its end off.`;
}

function finding(found) {
  return h(
    "li",
    {},
    h("span", { class: found.severity }, `${found.severity}: `),
    `${found.message} `,
    h("span", { class: "soft" }, found.cure),
  );
}

function filterField(what) {
  return h(
    "label",
    {},
    h("span", {}, `Filter ${what}`),
    h("input", {
      type: "search",
      id: "filter",
      "data-key": "filter",
      value: filter,
      oninput: (event) => {
        filter = event.target.value;
        showSide();
        $("filter").setSelectionRange(filter.length, filter.length);
      },
    }),
  );
}

function fits(...texts) {
  const words = filter.toLowerCase().split(/\s+/);
  const all = texts.join(" ").toLowerCase();
  return words.every((word) => all.includes(word));
}

// A list of links; each chooses something, and so can be opened in another tab.
function linkList(links, what) {
  if (!links.length) return [h("p", { class: "soft" }, filter ? `No ${what} fits.` : `There is no ${what} yet.`)];
  const shown = links.slice(0, LONGEST_LIST);
  const rest = links.length - shown.length;
  return [
    h("ul", { class: "list", "aria-label": `${what}s` }, shown.map(linkItem)),
    rest ? h("p", { class: "soft" }, `and ${rest} more; filter to find them`) : null,
  ];
}

function linkItem({ name, value, title, detail, isCurrent }) {
  const follow = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    choose({ [name]: value });
  };
  const address = `#${new URLSearchParams({ tab: chosen.tab, [name]: value })}`;
  return h(
    "li",
    {},
    h(
      "a",
      { href: address, "aria-current": isCurrent ? "true" : null, "data-key": `${name} ${value}`, onclick: follow },
      h("bdi", {}, title),
      detail ? h("small", {}, detail) : null,
    ),
  );
}

function pagesThatFit() {
  return known.pages.filter((page) => fits(page.title, page.detail, page.path));
}

function sideOfPages() {
  const links = (pages) =>
    pages.map(({ path, title, detail }) => ({
      name: "page",
      value: path,
      title,
      detail,
      isCurrent: path === chosen.page,
    }));
  const pages = pagesThatFit();
  const episodes = pages.filter((page) => page.detail);
  const lists = pages.filter((page) => !page.detail);
  return [
    filterField("pages"),
    section("episodes", "Episodes", String(episodes.length), ...linkList(links(episodes), "episode")),
    section("lists", "Lists", String(lists.length), ...linkList(links(lists), "list")),
  ];
}

function sideOfFeeds() {
  const feeds = known.feeds.filter((feed) => fits(feed.title, feed.name));
  const links = feeds.map(({ name, title }) => ({
    name: "feed",
    value: name,
    title,
    detail: name || "the main feed",
    isCurrent: name === chosen.feed,
  }));
  return [filterField("feeds"), ...linkList(links, "feed")];
}

function notesThatFit() {
  return known.notes.filter((note) => fits(note.path, note.title));
}

function sideOfNotes() {
  const { notes, errors, warnings, held } = known.state;
  const counts = [
    plural(notes, "published episode"),
    plural(errors, "error"),
    plural(warnings, "warning"),
    `${held} held back`,
  ];
  const links = notesThatFit().map((note) => ({
    name: "note",
    value: note.path,
    title: note.title || note.path,
    detail: [...new Set(note.places.map((place) => place.severity)), note.held.length ? "held back" : ""]
      .filter(Boolean)
      .join(", "),
    isCurrent: note.path === chosen.note,
  }));
  const listed = known.notes.length ? linkList(links, "note") : [];
  return [h("ul", { class: "soft" }, counts.map((count) => h("li", {}, count))), filterField("notes"), ...listed];
}

// The tools above frames.

function showTools() {
  const tab = TABS.find((each) => each.id === chosen.tab);
  const tools = $("tools");
  tools.hidden = !tab.tools;
  const pressed = (label, key, is, change) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(is),
        "data-key": label,
        title: `${label} (${key})`,
        onclick: change,
      },
      label,
    );
  const devices = DEVICES.map(({ id, label }) =>
    pressed(label, id[0], chosen.devices.includes(id), () => toggleDevice(id)),
  );
  fill(
    tools,
    chosen.tab === "feeds" ? null : h("div", { role: "group", "aria-label": "Frames" }, devices),
    h("div", {}, pressed("Dark", "l", chosen.dark, toggleDark)),
    h("div", {}, pressed("Images", "i", chosen.images, toggleImages)),
  );
}

function toggleDevice(id) {
  const others = chosen.devices.filter((each) => each !== id);
  const devices = others.length < chosen.devices.length ? others : [...others, id];
  choose({ devices: DEVICES.map((each) => each.id).filter((each) => devices.includes(each)) });
}

const toggleDark = () => choose({ dark: !chosen.dark });
const toggleImages = () => choose({ images: !chosen.images });

// What is wrong.

function showTrouble(fault) {
  const faults = [known.state.fault, fault].filter(Boolean);
  const text = JSON.stringify(faults);
  // Only what is new is told to who hears the page.
  if ($("trouble").dataset.shown === text) return;
  $("trouble").dataset.shown = text;
  fill($("trouble"), faults.map(faultPanel));
}

function faultPanel(fault) {
  return h(
    "section",
    { class: `fault ${fault.severity}` },
    h("h2", {}, fault.title),
    fault.message ? h("p", { class: "said" }, fault.message) : null,
    fault.places.map((place) => placePanel(place, true)),
  );
}

function placePanel(place, named) {
  const position = place.line ? `:${place.line}${place.column ? `:${place.column}` : ""}` : "";
  return h(
    "div",
    { class: "place" },
    h("p", { class: "where" }, named ? place.path + position : `line ${position.slice(1)}`),
    h("p", {}, h("b", { class: place.severity }, place.severity), ` ${place.message} `, h("code", {}, place.code)),
    place.excerpt ? excerpt(place) : null,
  );
}

function excerpt(place) {
  const lines = place.excerpt.lines.map((line, index) => {
    const number = place.excerpt.first + index;
    const here = number === place.line;
    const letters = [...line];
    const at = place.column - 1;
    const marked =
      here && place.column && at < letters.length
        ? [letters.slice(0, at).join(""), h("mark", {}, letters[at]), letters.slice(at + 1).join("")]
        : [line];
    return h("li", { class: here ? "here" : null }, h("b", {}, String(number)), h("span", {}, ...marked));
  });
  return scrolling(h("ol", { class: "excerpt" }, lines), `Line ${place.line}, column ${place.column} of ${place.path}`);
}

// Frames. A new document loads behind the old one and takes its place, scrolled to where that was.

function glass(holder, address, title, { width = 0, scale = 1, place = "" }) {
  holder.classList.toggle("dark", chosen.dark);
  const size = (frame) => {
    frame.style.width = width ? `${width}px` : "100%";
    frame.style.height = `${100 / scale}%`;
    frame.style.transform = scale === 1 ? "" : `scale(${scale})`;
  };
  holder.querySelectorAll("iframe").forEach(size);
  if (holder.dataset.address === address) return;
  holder.dataset.address = address;
  holder.querySelector(".incoming")?.remove();
  const old = holder.querySelector("iframe");
  const frame = h("iframe", {
    title,
    src: address,
    class: "incoming",
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
  });
  size(frame);
  frame.addEventListener("load", () => {
    if (!frame.contentDocument) {
      // The preview ended meanwhile: the browser shows a page of its own, and what was there before stays.
      frame.remove();
      delete holder.dataset.address;
      return;
    }
    if (place) frame.contentWindow.scrollTo(0, chosen.scroll[place] || 0);
    frame.classList.remove("incoming");
    old?.remove();
    attend(frame, place);
  });
  holder.append(frame);
}

// Keys work inside of frames too, and links lead to where the preview shows the same.
function attend(frame, place) {
  const { contentDocument: page, contentWindow: view } = frame;
  page.addEventListener("keydown", onKey);
  page.addEventListener("click", (event) => followLink(event, page));
  if (place) view.addEventListener("scroll", () => noteScroll(place, view.scrollY), { passive: true });
}

function followLink(event, page) {
  const link = event.target.closest?.("a[href]");
  const address = link?.getAttribute("href");
  if (!link || address.startsWith("#")) return;
  const path = pathOf(link.href);
  const found = path === null ? null : path.replace(/[?#].*/, "").replace(/(^|\/)$/, "$1index.html");
  if (found !== null && (chosen.tab !== "pages" || known.pages.some((each) => each.path === found))) {
    event.preventDefault();
    choose({ tab: "pages", page: found });
  } else if (/^https?:/.test(link.href)) {
    event.preventDefault();
    open(link.href, "_blank", "noopener");
  }
}

// Where below public/ an address leads, or null where it leads out of the site.
function pathOf(address) {
  const inside = new URL(address).origin === location.origin && /^\/site\/[^/]+\//;
  if (inside) return decodeURI(new URL(address).pathname.replace(inside, ""));
  return known.state.address && address.startsWith(known.state.address)
    ? decodeURI(address.slice(known.state.address.length))
    : null;
}

function noteScroll(place, at) {
  chosen.scroll[place] = Math.round(at);
  writeAddressSoon();
}

function showFrames(address, title, isStale) {
  const panel = $("panel");
  let frames = panel.querySelector(".frames");
  if (!frames) fill(panel, (frames = h("div", { class: "frames" })));
  frames.classList.toggle("stale", isStale);
  const devices = DEVICES.filter((device) => chosen.devices.includes(device.id));
  frames.querySelectorAll(".device").forEach((each) => {
    if (!chosen.devices.includes(each.dataset.device)) each.remove();
  });
  const gap = 20;
  const room = frames.clientWidth - gap * (devices.length - 1) - 2 * devices.length;
  const scale = Math.min(1, room / devices.reduce((sum, device) => sum + device.width, 0));
  devices.forEach(({ id, label, width }, index) => {
    let holder = frames.querySelector(`[data-device="${id}"]`);
    if (!holder) {
      holder = h("div", { class: "device", "data-device": id }, h("p"), h("div", { class: "glass" }));
      frames.insertBefore(holder, frames.children[index] || null);
    }
    holder.style.width = `${width * scale + 2}px`;
    const shrunk = scale < 1 ? `, at ${Math.round(scale * 100)} %` : "";
    holder.firstChild.textContent = `${label}, ${width} px${shrunk}`;
    const place = `${chosen.tab}.${id}`;
    glass(holder.lastChild, address, `${title}, ${label.toLowerCase()}`, { width, scale, place });
  });
}

// The views.

const VIEWS = {
  issue: ofIssue((issue, stale) =>
    showFrames(`/issue/${looks()}/${encodeURIComponent(issue.name)}?${digest(issue.html)}`, "Issue", stale),
  ),
  text: ofIssue((issue) => {
    const long = issue.text.split("\n").filter((line) => [...line].length > 72).length;
    const said = long ? `${plural(long, "line")} longer than 72 characters: an address stays in one piece` : "no line is longer than 72 characters";
    return [h("p", { class: "caption" }, said), scrolling(h("pre", { class: "sheet", dir: "auto" }, issue.text), "Plain text")];
  }),
  source: ofIssue((issue) => {
    const lines = issue.html.replace(/>\s*</g, ">\n<").split("\n");
    const said = `The HTML part, broken before tags for reading: ${plural(lines.length, "line")}`;
    return [h("p", { class: "caption" }, said), scrolling(h("ol", { class: "source" }, lines.map(sourceLine)), "HTML source")];
  }),
  message: ofIssue((issue) => [
    h(
      "div",
      { class: "head" },
      h("h2", {}, "The message to one reader"),
      h("p", { class: "soft" }, "As it would be sent now, to an address that stands for any. ", messageLink(issue)),
    ),
    h("dl", { class: "headers" }, issue.headers.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("bdi", {}, value))])),
    h("h3", {}, "As they are sent"),
    scrolling(h("pre", { class: "raw" }, issue.raw_headers), "Headers as they are sent"),
  ]),
  pages() {
    showTrouble(known.page?.fault);
    if (known.page?.value) {
      const address = `/site/${looks()}/${inPath(chosen.page)}?${known.page.value}`;
      showFrames(address, "Page", Boolean(known.page.fault || known.state.fault));
    } else fill($("panel"), known.page?.fault ? null : nothing());
  },
  feeds() {
    showTrouble(known.feed?.fault);
    const feed = known.feed?.value;
    fill($("panel"), feed ? feedTable(feed) : known.feed?.fault ? null : nothing());
    $("panel").classList.toggle("stale", Boolean(feed && (known.feed.fault || known.state.fault)));
    $("panel").querySelectorAll("details[open]").forEach((row) => showContents(row, feed));
  },
  notes() {
    showTrouble(null);
    const notes = notesThatFit().map(noteSection);
    const good = known.state.fault ? "Nothing can be said of the notes until that is mended." : "All notes are in order, and none is held back.";
    fill($("panel"), notes.length ? notes : h("p", { class: "empty" }, good));
  },
};

function ofIssue(view) {
  return () => {
    showTrouble(known.issue.fault);
    const issue = known.issue.value;
    const stale = Boolean(known.issue.fault || known.state.fault);
    const made = issue ? view(issue, stale) : [known.issue.fault || known.state.fault ? null : nothing()];
    if (made) {
      fill($("panel"), made);
      $("panel").classList.toggle("stale", Boolean(issue) && stale);
    }
  };
}

function nothing() {
  return h("p", { class: "empty" }, "There is nothing to show yet. Save a note in episodes/, and it stands here at once.");
}

// What scrolls sideways can be reached with keys.
function scrolling(element, label) {
  return h("div", { class: "scrolling", tabindex: 0, role: "region", "aria-label": label }, element);
}

function messageLink(issue) {
  return h("a", { href: `/message/${encodeURIComponent(issue.name)}.eml`, download: `${issue.name}.eml` }, "Open it in a mail program (.eml)");
}

function sourceLine(line) {
  const parts = line.split(/(<[^>]*>)/).filter(Boolean);
  return h("li", {}, h("span", {}, parts.map((part) => (part.startsWith("<") ? h("i", {}, part) : part))));
}

function digest(text) {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (sum * 31 + text.charCodeAt(at)) | 0;
  return (sum >>> 0).toString(36) + text.length.toString(36);
}

// Feeds.

function feedTable(feed) {
  const columns = feed.columns.map((name, index) =>
    h("p", {}, name, h("small", {}, `${feed.paths[index]}, ${kilobytes(feed.sizes[index])}`)),
  );
  const different = feed.rows.filter((row) => row.differs.length).length;
  const said = feed.columns.length < 2 ? "" : different ? `; ${plural(different, "item")} not the same in all formats` : "; all formats say the same";
  const table = h(
    "div",
    { class: "table" },
    h("div", { class: "columns" }, columns),
    feed.rows.map((row, index) => feedRow(feed, row, index)),
  );
  table.style.setProperty("--columns", feed.columns.length);
  return [
    h("div", { class: "head" }, h("h2", {}, h("bdi", {}, feed.title)), h("p", { class: "soft" }, feed.description), h("p", { class: different ? "error" : "soft" }, feed.rows.length ? `${plural(feed.rows.length, "item")}${said}` : "no item yet")),
    table,
  ];
}

function feedRow(feed, row, index) {
  const key = digest(row.id);
  const cells = row.cells.map((cell) =>
    h("div", {}, cell ? [h("b", {}, h("bdi", {}, cell.title)), h("small", {}, cell.date)] : h("i", {}, "not there")),
  );
  const toggled = (event) => {
    const others = chosen.open.filter((each) => each !== key);
    chosen.open = event.target.open ? [...others, key] : others;
    writeAddressSoon();
    if (event.target.open) showContents(event.target, feed);
  };
  return h(
    "details",
    { class: `row${row.differs.length ? "" : " same"}`, open: chosen.open.includes(key), "data-index": index, ontoggle: toggled },
    h(
      "summary",
      { "data-key": `row ${key}` },
      cells,
      row.differs.length ? h("p", { class: "differs" }, `Not the same: ${row.differs.join(", ")}`) : null,
    ),
  );
}

function showContents(details, feed) {
  const index = Number(details.dataset.index);
  const row = feed.rows[index];
  if (details.querySelector(".contents")) return;
  details.append(
    h(
      "div",
      { class: "contents" },
      row.cells.map((cell, column) => {
        if (!cell) return h("div");
        const holder = h("div", { class: "glass" });
        const address = `/item/${looks()}/${feed.formats[column]}/${index}/${inPath(feed.name)}?${digest(cell.content)}`;
        glass(holder, address, `${cell.title} in ${feed.columns[column]}`, {});
        const facts = [cell.authors.join(", "), cell.tags.join(", "), ...cell.recordings].filter(Boolean);
        return h(
          "div",
          {},
          h("p", { class: "name" }, feed.columns[column]),
          h("p", {}, h("a", { href: cell.url, target: "_blank", rel: "noopener" }, cell.url)),
          facts.map((fact) => h("p", { class: "soft" }, fact)),
          holder,
        );
      }),
    ),
  );
}

// Notes.

function noteSection(note) {
  return h(
    "section",
    { class: "note", id: `note ${note.path}`, "data-note": note.path, tabindex: -1 },
    h("h2", {}, h("bdi", {}, note.title || note.path)),
    note.title ? h("p", { class: "path" }, note.path) : null,
    note.held.map((reason) => h("p", { class: "held" }, h("b", {}, "Held back: "), reason)),
    note.places.map((place) => placePanel(place, false)),
  );
}

// Choosing.

function choose(changes) {
  const isOther = "tab" in changes && changes.tab !== chosen.tab;
  if (isOther) filter = "";
  Object.assign(chosen, changes);
  if (isOther) {
    chosen.scroll = {};
    $("main").scrollTop = 0;
    fill($("panel"));
    $("panel").classList.remove("stale");
  }
  if ("page" in changes || "issue" in changes) chosen.scroll = {};
  if ("note" in changes) $(`note ${changes.note}`)?.scrollIntoView({ block: "start" });
  if ("feed" in changes) $("main").scrollTop = 0;
  writeAddress();
  if ("dark" in changes || "images" in changes) $("panel").querySelectorAll(".contents").forEach((each) => each.remove());
  const isOfView = "devices" in changes || "dark" in changes || "images" in changes || "note" in changes;
  if (isOfView && known.state) show();
  else load();
}

function step(by) {
  if (chosen.tab === "pages") stepTo("page", pagesThatFit().map((page) => page.path), by);
  else if (chosen.tab === "notes") stepTo("note", notesThatFit().map((note) => note.path), by);
  else if (chosen.tab === "feeds") stepRow(by);
  else if (chosen.tab === "issue") document.querySelectorAll(".device iframe").forEach((frame) => stepHeading(frame, by));
}

function stepTo(name, values, by) {
  const at = values.indexOf(chosen[name]);
  const next = values[at < 0 ? 0 : Math.max(0, Math.min(values.length - 1, at + by))];
  if (next === undefined) return;
  choose({ [name]: next });
  $("side").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function stepRow(by) {
  const rows = [...document.querySelectorAll(".row summary")];
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}

function stepHeading(frame, by) {
  const tops = [...frame.contentDocument.querySelectorAll("h2")].map((each) => each.getBoundingClientRect().top);
  const next = by > 0 ? tops.find((top) => top > 20) : tops.findLast((top) => top < -4) ?? -frame.contentWindow.scrollY;
  if (next !== undefined) frame.contentWindow.scrollBy(0, next - 12);
}

// Keys.

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  const writes = target.matches?.("input, select, textarea");
  if (writes) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if ($("help").open) return;
  const tab = TABS[Number(event.key) - 1];
  const device = DEVICES.find((each) => each.id[0] === event.key);
  const actions = {
    l: toggleDark,
    i: toggleImages,
    j: () => step(1),
    k: () => step(-1),
    "/": () => ($("filter") || $("side").querySelector("select"))?.focus(),
    "?": () => $("help").showModal(),
  };
  const action = tab ? () => choose({ tab: tab.id }) : device ? () => toggleDevice(device.id) : actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function onTabKey(event) {
  const at = TABS.findIndex((tab) => tab.id === chosen.tab);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose({ tab: TABS[(next + TABS.length) % TABS.length].id });
  showTop();
  $(`tab-${chosen.tab}`).focus();
}

// All together.

let placed = false;
function show() {
  showTop();
  showSide();
  showTools();
  const main = $("main").scrollTop;
  const page = scrollY;
  VIEWS[chosen.tab]();
  if (placed) {
    $("main").scrollTop = main;
    scrollTo(0, page);
  } else {
    placed = true;
    $("main").scrollTop = chosen.scroll.main || 0;
    scrollTo(0, chosen.scroll.window || 0);
  }
  connected(true);
  document.documentElement.dataset.shown = known.state.changed;
  writeAddressSoon();
}

function begin() {
  readAddress();
  fill($("keys"), KEYS.flatMap(([keys, said]) => [h("dt", {}, keys.split(" ").map((key) => (key === "–" ? " – " : h("kbd", {}, key)))), h("dd", {}, said)]));
  document.addEventListener("keydown", onKey);
  $("tabs").addEventListener("keydown", onTabKey);
  $("help-button").addEventListener("click", () => $("help").showModal());
  $("main").addEventListener("scroll", () => noteScroll("main", $("main").scrollTop), { passive: true });
  addEventListener("scroll", () => noteScroll("window", scrollY), { passive: true });
  addEventListener("resize", () => known.state && TABS.find((tab) => tab.id === chosen.tab).tools && VIEWS[chosen.tab]());
  addEventListener("hashchange", () => {
    readAddress();
    load();
  });
  const events = new EventSource("/events");
  events.addEventListener("message", load);
  events.addEventListener("error", () => connected(false));
}

begin();

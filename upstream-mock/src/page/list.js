// The list: what came, newest first, of which only the rows in sight are in the document.

const OVERSCAN = 8;

// How many requests the page keeps, of which the stub remembers the newer half at most.
const MAX_KEPT = 20000;

const requests = new Map();
const groups = new Map();
const drawn = new Map();
let shown = [];
let chosen = null;
let current = null;
let forgottenUnseen = 0;

const scroll = byId("scroll"), rowsBody = byId("rows"), newer = byId("newer");

let rowHeight = 56;
const measure = () => {
  const probe = make("div", "");
  probe.style.cssText = "position:absolute;height:var(--row)";
  document.body.append(probe);
  rowHeight = probe.getBoundingClientRect().height || 56;
  probe.remove();
};

const latest = (group) => group.rows.at(-1);

// What is critical in any delivery is so in the list: a later one under the same id hides nothing.
const isCriticalGroup = (group) => group.rows.some((row) => row.is_critical);

// An event is one row, however often it came; any other request is a row of its own.
const keyOf = (row) => (row.kind === "event" ? `event ${row.event_id}` : `request ${row.id}`);

const put = (row) => {
  const before = requests.get(row.id);
  const key = keyOf(row);
  row.forgotten = false;
  requests.set(row.id, row);
  if (before && keyOf(before) !== key) drop(before);
  const group = groups.get(key) ?? { key, rows: [], types: "" };
  groups.set(key, group);
  const at = group.rows.findIndex(({ id }) => id === row.id);
  if (at >= 0) group.rows[at] = row;
  else group.rows.push(row);
  group.words = group.rows.map(({ words, id }) => `${words}\n${id}`).join("\n").toLowerCase();
  return before === undefined;
};

const drop = (row) => {
  const group = groups.get(keyOf(row));
  if (!group) return;
  group.rows = group.rows.filter(({ id }) => id !== row.id);
  if (group.rows.length === 0) groups.delete(group.key);
};

// What is below the first that the stub remembers, or of another run of it, is no longer remembered.
const forget = (first) => {
  const [run, number] = first.split("-");
  let known = 0;
  for (const row of requests.values()) {
    const [itsRun, itsNumber] = row.id.split("-");
    const isOfRun = itsRun === run;
    row.forgotten = !isOfRun || Number(itsNumber) < Number(number);
    if (isOfRun && row.forgotten) known += 1;
  }
  forgottenUnseen = Number(number) - known;
  for (const row of requests.values()) {
    if (requests.size <= MAX_KEPT || !row.forgotten) break;
    requests.delete(row.id);
    drop(row);
  }
};

const types = new Set();
const offerTypes = (rows) => {
  for (const { event_type: type } of rows) {
    if (!type || types.has(type) || types.size >= 500) continue;
    types.add(type);
    const option = make("option", "", type);
    option.value = type;
    byId("type").append(option);
  }
};

const filtered = () => {
  const words = byId("search").value.trim().toLowerCase();
  const type = byId("type").value, isCritical = byId("critical").checked;
  const newest = [...groups.values()].sort((one, other) => latest(other).received - latest(one).received
    || Number(latest(other).id.split("-")[1]) - Number(latest(one).id.split("-")[1]));
  let partly = 0;
  const found = newest.filter((group) => {
    const row = latest(group);
    if (type && row.event_type !== type) return false;
    if (isCritical && !isCriticalGroup(group)) return false;
    if (!words || group.words.includes(words)) return true;
    if (row.has_more_words) partly += 1;
    return false;
  });
  return { found, partly, isFiltered: Boolean(words || type || isCritical) };
};

const refresh = (isNew = false) => {
  const top = Math.floor(scroll.scrollTop / rowHeight);
  const anchor = scroll.scrollTop > 0 ? shown[top] : null;
  const { found, partly, isFiltered } = filtered();
  shown = found;
  rowsBody.style.height = `${shown.length * rowHeight}px`;
  if (anchor && isNew) {
    const moved = shown.indexOf(anchor) - top;
    if (moved > 0) {
      scroll.scrollTop += moved * rowHeight;
      newer.hidden = false;
      newer.textContent = "Newer ones above";
    }
  }
  const all = groups.size.toLocaleString("en");
  byId("count").textContent = (isFiltered ? `${shown.length.toLocaleString("en")} of ${all} shown` : `${all} shown`)
    + (partly > 0 ? `; ${partly} more may match, of which not all names are searched` : "");
  byId("table").setAttribute("aria-rowcount", String(shown.length + 1));
  const ends = [];
  if (groups.size === 0) ends.push("Nothing has arrived since the stub started. After `make run`, `make send` in another terminal sends a good "
    + "webhook and three bad ones.");
  else if (shown.length === 0) ends.push("Nothing that has arrived matches.");
  if (forgottenUnseen > 0) {
    ends.push(`${plural(forgottenUnseen, "earlier request")} no longer remembered: the stub keeps the last 10,000, and 64 MiB.`);
  }
  byId("end").textContent = ends.join(" ");
  renderRows();
};

const rowFor = (group) => {
  const open = button("", () => choose(latest(group).id));
  open.className = "open";
  const cells = {
    time: make("span", ""), day: make("span", "second"), open, id: make("span", "second mono"),
    by: make("span", ""), times: make("span", "second"), markers: make("span", ""), critical: make("span", "critical"),
  };
  const cell = (...children) => {
    const element = make("td", "", ...children);
    element.setAttribute("role", "cell");
    return element;
  };
  const element = make("tr", "", cell(cells.time, cells.day), cell(open, cells.id), cell(cells.by, cells.times),
    cell(cells.markers, cells.critical));
  element.setAttribute("role", "row");
  element.addEventListener("click", (event) => { if (event.target !== open) open.click(); });
  open.addEventListener("focus", () => { current = group.key; });
  return { element, cells };
};

const fill = ({ element, cells }, group, at) => {
  const row = latest(group);
  const set = (cell, text) => {
    const shownText = visible(text);
    if (cell.textContent !== shownText) cell.textContent = shownText;
  };
  element.style.transform = `translateY(${at * rowHeight}px)`;
  element.setAttribute("aria-rowindex", String(at + 2));
  element.classList.toggle("forgotten", row.forgotten);
  const isChosen = group.rows.some(({ id }) => id === chosen);
  element.classList.toggle("chosen", isChosen);
  if (isChosen) cells.open.setAttribute("aria-current", "true");
  else cells.open.removeAttribute("aria-current");
  cells.open.tabIndex = group.key === current || (at === 0 && !groups.has(current)) ? 0 : -1;
  set(cells.time, clock(row.received));
  set(cells.day, day(row.received) === day(Date.now()) ? "" : day(row.received));
  set(cells.open, row.event_type ?? `${row.method} ${row.path}`);
  set(cells.id, row.event_id ?? (row.kind === "original" ? row.shadow_verdict : state(row)));
  set(cells.by, proof(row));
  set(cells.times, row.forgotten ? "forgotten" : group.rows.length > 1 ? `received ${group.rows.length}\u00d7`
    : row.answered !== null && row.answered >= 300 ? `answered ${row.answered}` : "");
  set(cells.markers, row.markers === null ? "" : plural(row.markers, "marker"));
  const critical = Math.max(...group.rows.map((one) => one.critical));
  set(cells.critical, critical > 0 ? `Critical ${critical}` : "Critical");
  cells.critical.hidden = !isCriticalGroup(group);
};

const renderRows = () => {
  const from = Math.max(0, Math.floor(scroll.scrollTop / rowHeight) - OVERSCAN);
  const to = Math.min(shown.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / rowHeight) + OVERSCAN);
  const wanted = new Map();
  for (let at = from; at < to; at += 1) wanted.set(shown[at].key, at);
  // The one that has the focus stays, wherever it is, or the keyboard would lose its place.
  const focused = [...drawn].find(([, { element }]) => element.contains(document.activeElement));
  if (focused && !wanted.has(focused[0])) {
    const at = shown.findIndex(({ key }) => key === focused[0]);
    if (at >= 0) wanted.set(focused[0], at);
  }
  for (const [key, { element }] of drawn) {
    if (!wanted.has(key)) {
      element.remove();
      drawn.delete(key);
    }
  }
  for (const [key, at] of wanted) {
    let row = drawn.get(key);
    if (!row) {
      row = rowFor(shown[at]);
      drawn.set(key, row);
      rowsBody.append(row.element);
    }
    fill(row, shown[at], at);
  }
};

let isPending = false;
const renderSoon = () => {
  if (isPending) return;
  isPending = true;
  requestAnimationFrame(() => {
    isPending = false;
    renderRows();
    if (scroll.scrollTop < rowHeight) newer.hidden = true;
  });
};

const focusAt = (at) => {
  const group = shown[Math.max(0, Math.min(shown.length - 1, at))];
  if (!group) return;
  const place = shown.indexOf(group) * rowHeight;
  const head = byId("table").tHead.offsetHeight;
  if (place < scroll.scrollTop) scroll.scrollTop = place;
  else if (place + rowHeight + head > scroll.scrollTop + scroll.clientHeight) {
    scroll.scrollTop = place + rowHeight + head - scroll.clientHeight;
  }
  current = group.key;
  renderRows();
  drawn.get(group.key)?.cells.open.focus({ preventScroll: true });
};

const moveBy = (event) => {
  const at = shown.findIndex(({ key }) => key === current);
  const page = Math.max(1, Math.floor(scroll.clientHeight / rowHeight) - 1);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: shown.length - 1 }[event.key];
  if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  focusAt(to);
};

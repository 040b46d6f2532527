// One request: its markers, the two documents, its head.

const MARKERS_AT_ONCE = 200;

// A value on its reference range. Numbers are approximate here, for drawing alone; what is read is the
// text beside it.
const bar = (marker) => {
  const read = (text) => (text === null || !Number.isFinite(Number(text)) ? null : Number(text));
  const [low, high] = [read(marker.reference_low), read(marker.reference_high)];
  const values = marker.kind === "quantity" ? [read(marker.number)]
    : marker.kind === "range" ? [read(marker.low), read(marker.high)] : [];
  if ((low === null && high === null) || values.length === 0 || values.includes(null)) return null;
  const width = 136, middle = 10, edge = 16;
  const span = (low !== null && high !== null ? high - low : Math.abs(low ?? high)) || 1;
  // A range with one end is drawn from zero, where that is below it.
  const from = low !== null && high !== null ? low - span * 0.75 : Math.min(0, (low ?? high) - span * 0.75);
  const to = (high ?? low + span) + span * 0.75;
  const x = (value) => {
    const at = edge + ((value - from) / (to - from)) * (width - 2 * edge);
    return Math.min(width - edge, Math.max(edge, at));
  };
  const beyond = (value) => (value < from ? -1 : value > to ? 1 : 0);
  const round = (number) => number.toFixed(1);
  const chevron = (at, direction) => draw("polyline", {
    class: "arrow",
    points: [[at - 3 * direction, middle - 5], [at + 3 * direction, middle], [at - 3 * direction, middle + 5]]
      .map((point) => point.map(round).join(",")).join(" "),
  });
  const described = `Reference range ${rangeText(marker)}`;
  const picture = draw("svg", { class: marker.critical ? "bar alarming" : "bar", viewBox: `0 0 ${width} 20`,
    role: "img", "aria-label": `${valueText(marker)}. ${described}` },
  draw("line", { class: "track", x1: 0, x2: width, y1: middle, y2: middle }));
  const start = low === null ? edge : x(low), end = high === null ? width - edge : x(high);
  append(picture, [draw("rect", { class: "within", x: round(start), y: middle - 3, rx: 1,
    width: round(Math.max(2, end - start)), height: 6 })]);
  // An end that is open goes on.
  if (low === null) append(picture, [draw("line", { class: "open", x1: 0, x2: edge, y1: middle, y2: middle })]);
  if (high === null) {
    append(picture, [draw("line", { class: "open", x1: width - edge, x2: width, y1: middle, y2: middle })]);
  }
  if (values.length === 2) {
    append(picture, [draw("line", { class: "span", x1: round(x(values[0])), x2: round(Math.max(x(values[0]) + 2, x(values[1]))),
      y1: middle, y2: middle })]);
  } else if (beyond(values[0]) !== 0) {
    // Off the scale: two arrows at its edge.
    const direction = beyond(values[0]), at = x(values[0]);
    append(picture, [chevron(at, direction), chevron(at - 6 * direction, direction)]);
  } else {
    const at = x(values[0]);
    append(picture, [draw("circle", { class: "point", cx: round(at), cy: middle, r: 4 })]);
    const direction = { "<": -1, "<=": -1, ">": 1, ">=": 1 }[marker.comparator];
    if (direction) {
      append(picture, [draw("line", { class: "arrow", x1: round(at), x2: round(at + 13 * direction), y1: middle, y2: middle }),
        chevron(at + 10 * direction, direction)]);
    }
  }
  return picture;
};

const valueText = ({ kind, comparator, number, low, high, text }) => {
  if (kind === "quantity") return comparator ? `${comparator} ${number}` : number;
  if (kind === "range") return `${low} to ${high}`;
  return kind === "text" ? text : "";
};

const rangeText = ({ reference_low: low, reference_high: high }) => {
  if (low !== null && high !== null) return `${low} to ${high}`;
  if (low !== null) return `from ${low}`;
  return high !== null ? `up to ${high}` : "";
};

const small = (...children) => make("small", "", ...children);

// A time that may wrap between its day and its hour.
const breakable = (time) => time.split(/(?<=T)/).flatMap((part) => [part, make("wbr", "")]);

const markerRow = (marker) => {
  const value = valueText(marker);
  const cells = [
    [make("div", "name", marker.name ?? "(no name)"),
      marker.slug !== null && small(make("code", "", marker.slug), marker.slug_is_derived && " from the name")],
    [make("div", "value", value === "" && marker.kind !== "text" ? make("span", "none", "no value") : value,
      marker.unit !== null && make("span", "unit", ` ${marker.unit}`)),
    marker.ucum !== null && small("UCUM ", make("code", "", marker.ucum)),
    marker.unit !== null && marker.ucum === null && small("no UCUM code"),
    marker.sent_value !== null && small("sent as ", make("code", "", marker.sent_value)),
    marker.sent_unit !== null && small("unit sent as ", make("code", "", marker.sent_unit))],
    [bar(marker), small(rangeText(marker))],
    [marker.critical && make("span", "critical", "Critical"),
      marker.code !== null && make("div", "", marker.code), marker.word !== null && small(marker.word)],
    [marker.observed_at !== null && make("span", "time", breakable(marker.observed_at)), marker.sent_time !== null && small("sent as ", make("code", "", marker.sent_time))],
    [marker.notes ?? ""],
  ];
  return withRole("row", make("tr", "", cells.map((cell) =>
    withRole("cell", make("td", "", ...cell.filter((part) => part !== ""))))));
};

// Where the style takes the shape of a table or a list away, some browsers no longer tell of one.
const withRole = (role, element) => {
  element.setAttribute("role", role);
  return element;
};

const markersTable = ({ markers, markers_left_out: left }) => {
  const head = ["Marker", "Value and unit", "Reference range", "Interpretation", "Time", "Notes"].map((title) => {
    const cell = withRole("columnheader", make("th", "", title));
    cell.scope = "col";
    return cell;
  });
  const body = withRole("rowgroup", make("tbody", ""));
  const top = withRole("rowgroup", make("thead", "", withRole("row", make("tr", "", head))));
  const table = withRole("table", make("table", "plain markers", top, body));
  table.setAttribute("aria-label", "Markers");
  const section = make("section", "", make("h3", "", plural(markers.length + left, "marker")), make("div", "wide", table));
  const more = button("", () => {
    const shown = body.rows.length;
    body.append(...markers.slice(shown, shown + MARKERS_AT_ONCE).map(markerRow));
    const hidden = markers.length - body.rows.length;
    more.hidden = hidden === 0;
    more.textContent = `Show more (${hidden.toLocaleString("en")} left)`;
  });
  more.click();
  return append(section, [more, left > 0 && make("p", "warning", `${plural(left, "more marker")} not shown here.`)]);
};

const FATES = { changed: ["~", "changed"], added: ["+", "added by the filter"], kept: ["=", "the sender's own, kept as it was"] };

// The sign is for the eye; beside it a word says the same.
const sign = (fate) => {
  const mark = make("i", "", FATES[fate][0]);
  mark.setAttribute("aria-hidden", "true");
  return mark;
};

const legend = () => {
  const list = make("ul", "legend", Object.entries(FATES).map(([fate, [, word]]) => make("li", fate, sign(fate), word)));
  list.setAttribute("aria-label", "Marks");
  return withRole("list", list);
};

// Indented by spaces, so that a copy is; where it wraps, it hangs one step deeper.
const indented = (depth, text) => {
  const line = make("span", "", "  ".repeat(depth) + text);
  line.style.paddingLeft = `${2 * depth + 2}ch`;
  line.style.textIndent = `-${2 * depth + 2}ch`;
  return line;
};

const jsonPart = (lines, className) => make("div", className, lines.map(({ depth, text, fate }) => {
  if (!fate) return make("div", "row", make("i", ""), indented(depth, text));
  const [, word] = FATES[fate];
  const mark = sign(fate);
  mark.title = word;
  return make("div", `row ${fate}`, mark, make("span", "hidden", `${word}: `), indented(depth, text));
}));

const leftOut = (name, { left_out: count }) => count > 0 && make("p", "warning",
  `${name}: ${plural(count, "more line")} not shown here.`);

const documents = ({ sent, document: received, id, kind }) => {
  const title = kind === "event" ? "What your service received" : "What arrived";
  const grid = make("div", sent ? "documents" : "documents one");
  if (sent) append(grid, [make("h4", "", "Sent, rebuilt from the event"), make("h4", "other", title)]);
  const whole = Math.max(received.parts.length, sent ? sent.parts.length : 0);
  for (let at = 0; at < whole; at += 1) {
    const part = at > 0 ? "json part" : "json";
    if (sent) append(grid, [jsonPart(sent.parts[at] ?? [], part)]);
    append(grid, [jsonPart(received.parts[at] ?? [], sent ? `${part} other` : part)]);
  }
  const link = make("a", "", "the request as JSON");
  link.href = `/requests/${id}`;
  return make("section", "", make("h3", "", sent ? "The two documents" : title),
    sent && legend(),
    kind === "event" && !sent && make("p", "warning", "What was sent cannot be rebuilt from this event."),
    grid, sent && leftOut("Sent", sent), leftOut(title, received), make("p", "say", "Whole, digit for digit: ", link));
};

const headTable = ({ headers }) => {
  const body = make("tbody", "", headers.map(([name, value]) =>
    make("tr", "", make("td", "mono", name), make("td", "mono", value))));
  const titles = ["Header", "Value"].map((title) => {
    const cell = make("th", "", title);
    cell.scope = "col";
    return cell;
  });
  return make("section", "", make("h3", "", "Request headers"),
    make("div", "wide", make("table", "plain", make("thead", "", make("tr", "", titles)), body)));
};

const commandBox = (label) => {
  const text = make("textarea", "");
  text.readOnly = true;
  text.setAttribute("aria-label", label);
  const said = make("p", "say", "");
  return { box: make("section", "command", make("h3", "", label), said, text), text, said };
};

// Shows a command and copies it, where the browser allows that.
const showCommand = async (place, label, command, hint) => {
  const { box, text, said } = commandBox(label);
  text.value = command;
  place.replaceChildren(box);
  text.focus();
  text.select();
  let outcome = "Copy it from here.";
  try {
    await navigator.clipboard.writeText(command);
    outcome = "Copied.";
  } catch { /* It stays selected, for the reader's own keys. */ }
  said.textContent = hint ? `${outcome} ${hint}` : outcome;
  announce(`${label}: ${outcome}`);
};

const curlCommand = async (id) => {
  const answer = await fetch(`/requests/${id}/curl`);
  return answer.ok ? answer.text() : "# This request is no longer remembered.";
};

// What the tool takes as --id and --at. All that the filter writes is like that; any other text came from
// elsewhere, and a terminal would obey a control character in it before a shell sees that it is quoted.
const ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/, TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,99})?Z$/;

// One word of a shell, of which it reads nothing.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// What tells more about a request: of an event, what it was made of, under its own id and signed time; of
// anything else, what the filter makes of it, at the time when it came.
const explanation = ({ kind, id, received, event_id: eventId, sent_at: sentAt }) => {
  const where = "Run it in the project's directory, after make run or make build";
  const get = (path) => `curl --silent ${location.origin}/requests/${id}${path} |\n  target/release/junction-webhook`;
  if (kind === "event") {
    const isId = ID.test(eventId ?? ""), isTime = TIME.test(sentAt ?? "");
    const untaken = [!isId && "id", sentAt !== null && !isTime && "signed time"].filter(Boolean);
    // With =, or an id that begins with a dash would be an option.
    const own = (isId ? ` --id=${quoted(eventId)}` : "") + (isTime ? ` --at=${quoted(sentAt)}` : "");
    return [`${get("/sent")} normalise --config envoy.yaml${own} --explain -`,
      `${where}. The filter accepted this event: the tool tells what it made of each marker, by which rule.`
      + (untaken.length > 0 ? ` The tool does not take its ${untaken.join(" and its ")}, which no filter wrote.` : "")];
  }
  const at = new Date(received).toISOString();
  return [`${get("")} explain --config envoy.yaml --at ${at} -`,
    `${where}, with JUNCTION_WEBHOOK_SECRET in its environment: the tool tells each of the filter's checks.`];
};

const state = ({ answered, kind }) => {
  if (kind === "incomplete") return "its body has not arrived in full";
  return answered === null ? "not answered yet" : `answered ${answered}`;
};

// What stands above everything: what it is, and each time that it came.
const heading = (view, group, choose) => {
  const row = group.rows.find(({ id }) => id === view.id) ?? group.rows.at(-1);
  const title = make("h2", "", row.event_type ?? `${view.method} ${view.path}`);
  title.tabIndex = -1;
  const back = button("Back to the list", () => choose(null));
  back.classList.add("back");
  const told = view.kind === "event" ? `Verified by ${row.verified_by}`
    : view.kind === "original" ? `Not verified: shadow mode let the sender's document through, with the verdict ${view.shadow_verdict}`
      : view.kind === "incomplete" ? "Its body has not arrived in full" : "No event: a request for a path that the filter does not guard, or one straight to the stub";
  const isMixed = group.rows.some((delivery) => delivery.is_critical !== row.is_critical);
  const deliveries = group.rows.map((delivery) => {
    const choice = button(`${clock(delivery.received, true)}, ${state(delivery)}`, () => choose(delivery.id));
    if (isMixed && delivery.is_critical) choice.append(", critical");
    choice.setAttribute("aria-current", String(delivery.id === view.id));
    return make("li", "", choice);
  });
  return make("header", "", back,
    make("div", "title", title, row.is_critical && make("span", "critical",
      row.critical > 0 ? `Critical: ${plural(row.critical, "marker")}` : "Critical")),
    make("p", "say", `${told}. ${day(view.received)} ${clock(view.received, true)}, ${state(view)}.`),
    group.rows.length > 1 && make("div", "", make("p", "say", `One event, received ${group.rows.length === 2 ? "twice" : `${group.rows.length} times`}:`),
      make("ul", "deliveries", deliveries)));
};

const facts = (view) => make("dl", "facts", view.facts.map(([title, text]) =>
  make("div", "", make("dt", "", title), make("dd", "", text))));

const detailOf = (view, group, choose) => {
  const command = make("div", "");
  const curl = button("Copy as curl", async () => showCommand(command, "As curl", await curlCommand(view.id)));
  // Of an event that cannot be rebuilt, or is too large to be, there is nothing to give to the tool.
  const explain = (view.kind !== "event" || view.sent) && button("Explain this", () => showCommand(command, "Explain this", ...explanation(view)));
  return [
    heading(view, group, choose),
    make("div", "", make("div", "actions", curl, explain), command),
    view.facts.length > 0 && facts(view),
    view.markers.length > 0 && markersTable(view),
    view.has_too_many_values && make("p", "warning", "This body has more than 250,000 values, too many to lay out. "
      + `Below is how it begins; all of it is at /requests/${view.id}.`),
    view.document && documents(view),
    view.text !== null && view.text !== "" && make("section", "", make("h3", "", "The body"), make("pre", "", view.text)),
    headTable(view),
  ].filter(Boolean);
};

const forgottenDetail = (group, choose) => {
  const row = group.rows.at(-1);
  const back = button("Back to the list", () => choose(null));
  back.classList.add("back");
  const title = make("h2", "", row.event_type ?? `${row.method} ${row.path}`);
  title.tabIndex = -1;
  return [make("header", "", back, title),
    make("p", "warning", "This request is no longer remembered: the stub keeps the last 10,000, and 64 MiB, while it runs. "
      + "What it stored of the event is in /events."),
    make("dl", "facts", [["Event id", row.event_id], ["Received", `${day(row.received)} ${clock(row.received, true)}`],
      ["Verified by", proof(row)], ["Markers", row.markers], ["Answered", row.answered]]
      .filter(([, value]) => value !== null)
      .map(([title, value]) => make("div", "", make("dt", "", title), make("dd", "", String(value)))))];
};

// What comes from the stub, and what the reader does.

const detail = byId("detail"), nothing = byId("nothing");

let asked = 0;
const show = async (id) => {
  const number = (asked += 1);
  const row = requests.get(id);
  const group = row && groups.get(keyOf(row));
  if (!group) return;
  const answer = await fetch(`/requests/${id}/view`).catch(() => null);
  // Another one was chosen meanwhile.
  if (number !== asked) return;
  if (answer === null) {
    announce("The stub does not answer.");
    return;
  }
  const isNew = detail.dataset.id !== id;
  const parts = answer.ok ? detailOf(await answer.json(), group, choose) : forgottenDetail(group, choose);
  if (number !== asked) return;
  detail.dataset.id = id;
  detail.setAttribute("aria-label", "The chosen webhook");
  detail.replaceChildren(...parts);
  if (isNew) detail.scrollTop = 0;
};

// The browser's way back leads from a webhook to the list; an address with an id leads to that webhook.
const choose = (id) => {
  if (id === null && history.state?.isOpened) {
    history.back();
    return;
  }
  if (id === null) history.replaceState(null, "", location.pathname);
  else if (chosen === null) history.pushState({ isOpened: true }, "", `#${id}`);
  else history.replaceState(history.state, "", `#${id}`);
  read(id);
};

const chosenByAddress = () => (requests.has(location.hash.slice(1)) ? location.hash.slice(1) : null);

const read = (id) => {
  const before = chosen;
  chosen = id;
  document.body.classList.toggle("reading", id !== null);
  renderRows();
  if (id === null) {
    asked += 1;
    delete detail.dataset.id;
    detail.removeAttribute("aria-label");
    detail.replaceChildren(nothing);
    const row = requests.get(before);
    focusAt(Math.max(0, shown.findIndex(({ key }) => row && key === keyOf(row))));
    return;
  }
  show(id).then(() => { if (chosen === id) detail.querySelector("h2")?.focus({ preventScroll: true }); });
};

const take = ({ first, rows, more }) => {
  const fresh = rows.filter(put);
  forget(first);
  offerTypes(rows);
  refresh(fresh.length > 0);
  const row = requests.get(chosen);
  const group = row && groups.get(keyOf(row));
  if (group && rows.some((one) => keyOf(one) === group.key)) show(chosen);
  if (fresh.length > 0 && !more) {
    const said = fresh.length === 1 ? fresh[0].event_type ?? fresh[0].path : plural(fresh.length, "request");
    const critical = fresh.filter((one) => one.is_critical).length;
    if (chosen === null && chosenByAddress() !== null) read(chosenByAddress());
    announce(`New: ${said}${critical > 0 ? `, critical: ${critical}` : ""}`);
  }
};

let told = null;
const tellEnvoy = ({ counters, error }) => {
  const line = byId("envoy");
  const fact = (title, className, ...said) => make("div", className, make("dt", "", title), make("dd", "", ...said));
  line.hidden = false;
  if (error !== undefined) {
    line.replaceChildren(fact("Envoy", "bad", `its statistics cannot be read: ${error}`));
    return;
  }
  const reasons = Object.entries(counters.reasons).sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => `${reason} ${count.toLocaleString("en")}`).join(", ");
  const configuration = counters.config_ok === null ? "no such filter"
    : !counters.config_ok ? "unusable" : counters.shadow ? "ok, shadow mode" : "ok";
  const isRefused = told !== null && counters.rejected > told.rejected;
  const refused = fact("Refused", isRefused ? "news" : "", counters.rejected.toLocaleString("en"),
    reasons && make("span", "reasons", ` ${reasons}`));
  line.replaceChildren(
    fact("Configuration", counters.config_ok ? "" : "bad", configuration),
    fact("Forwarded", "", counters.forwarded.toLocaleString("en")), refused,
    fact("Acknowledged", "", counters.acknowledged.toLocaleString("en")),
    ...(counters.shadow || counters.shadowed > 0 ? [fact("Shadowed", "", counters.shadowed.toLocaleString("en"))] : []),
  );
  if (isRefused) {
    const newest = Object.keys(counters.reasons).filter((reason) => counters.reasons[reason] > (told.reasons[reason] ?? 0));
    announce(`Refused: ${newest.join(", ")}`);
  }
  told = counters;
};

let lastId = "";
const connect = () => {
  const source = new EventSource(lastId ? `/live?since=${encodeURIComponent(lastId)}` : "/live");
  const connection = byId("connection");
  const say = (className, text) => {
    connection.className = `connection ${className}`;
    connection.textContent = text;
  };
  source.addEventListener("open", () => say("live", "Live"));
  source.addEventListener("requests", (event) => {
    lastId = event.lastEventId;
    take(JSON.parse(event.data));
  });
  source.addEventListener("envoy", (event) => tellEnvoy(JSON.parse(event.data)));
  source.addEventListener("error", async () => {
    say("lost", "Connection lost, trying again");
    byId("envoy").hidden = true;
    if (source.readyState !== EventSource.CLOSED) return;
    // The event does not say what the stub answered.
    const answer = await fetch("/live", { method: "HEAD" }).catch(() => null);
    const isFull = answer?.status === 503;
    if (isFull) say("lost", "Too many pages are open, trying again");
    setTimeout(connect, isFull ? 1000 * Number(answer.headers.get("retry-after")) : 1000);
  });
};

byId("tools").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["search", "type", "critical"]) {
  byId(id).addEventListener("input", () => {
    scroll.scrollTop = 0;
    refresh();
  });
}
byId("search").addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  focusAt(0);
});
rowsBody.addEventListener("keydown", moveBy);
scroll.addEventListener("scroll", renderSoon, { passive: true });
newer.addEventListener("click", () => {
  scroll.scrollTop = 0;
  focusAt(0);
});
addEventListener("popstate", () => read(chosenByAddress()));
addEventListener("resize", () => {
  measure();
  refresh();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chosen !== null) choose(null);
});

measure();
refresh();
connect();

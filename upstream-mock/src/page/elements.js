// Everything that a sender wrote becomes a text node. Nothing here parses HTML, and the page's policy
// lets nothing do so.

const SVG = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);

// Characters that turn the direction of what follows would put digits in another order: they are named.
const visible = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
  (control) => `[U+${control.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);

const append = (element, children) => {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "string" ? visible(child) : child);
  }
  return element;
};

// An element with a class and what is in it.
const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  return append(element, children);
};

const draw = (tag, attributes, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return append(element, children);
};

const button = (text, act) => {
  const element = make("button", "", text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
};

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

const clock = (ms, withMillis = false) => {
  const at = new Date(ms);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return withMillis ? `${time}.${pad(at.getMilliseconds(), 3)}` : time;
};

const day = (ms) => {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
};

// Says something to whoever cannot see the page; what comes in a burst is said once.
let saying = null;
const announce = (text) => {
  clearTimeout(saying);
  saying = setTimeout(() => { byId("news").textContent = text; }, 300);
};

// What verified a request, in the words of the list.
const proof = (row) => {
  if (row.kind === "event") return row.verified_by;
  if (row.kind === "original") return "nothing (shadow)";
  return "nothing";
};

// Elements of HTML and SVG. Text becomes nodes of text, never markup.

const SVG = "http://www.w3.org/2000/svg";

const html = (name, attributes, ...children) =>
  filled(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) =>
  filled(document.createElementNS(SVG, name), attributes, children);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Of a pixel; it keeps the path data short.
const tenth = (value) => Math.round(value * 10) / 10;

// Corners of marks, x and y by turns, in shares of their radius; a circle has none.
const OUTLINES = {
  square: [-0.88, -0.88, 0.88, -0.88, 0.88, 0.88, -0.88, 0.88],
  triangle: [0, -1.2, 1.1, 0.8, -1.1, 0.8],
  diamond: [0, -1.3, 1.15, 0, 0, 1.3, -1.15, 0],
  drop: [0, 1.2, 1.1, -0.8, -1.1, -0.8],
  plus: [
    -0.4, -1.15, 0.4, -1.15, 0.4, -0.4, 1.15, -0.4, 1.15, 0.4, 0.4, 0.4, 0.4, 1.15, -0.4, 1.15,
    -0.4, 0.4, -1.15, 0.4, -1.15, -0.4, -0.4, -0.4,
  ],
  hourglass: [-1, -1.1, 1, -1.1, -1, 1.1, 1, 1.1],
  bar: [-0.45, -1.3, 0.45, -1.3, 0.45, 1.3, -0.45, 1.3],
};

// The outline of a mark about (x, y), as path data: many marks make one path, which is fast.
function mark(shape, x, y, r) {
  const corners = OUTLINES[shape];
  if (!corners)
    return `M${tenth(x - r)} ${tenth(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  const at = corners.map((share, i) => tenth((i % 2 ? y : x) + share * r));
  return `M${at.join(" ")}Z`;
}

function markIcon(each) {
  const path = svg("path", { d: mark(each.shape, 7, 7, 4.6) });
  return svg(
    "svg",
    { class: `icon ${each.className}`, viewBox: "0 0 14 14", "aria-hidden": "true" },
    path,
  );
}

// A name and what it says, in a list of descriptions.
const pair = (name, ...content) =>
  html("div", {}, html("dt", {}, name), html("dd", {}, ...content));

// A bar as long as a share of its track.
function track(share) {
  const bar = html("span", { class: "bar" });
  bar.style.width = `${Math.min(1, Math.max(0, share)) * 100}%`;
  return html("span", { class: "track" }, bar);
}

// Children are drawn anew; the one that had the focus gets it again.
function refill(host, ...children) {
  const focused = host.contains(document.activeElement) ? document.activeElement : null;
  const kept = focused?.dataset.focus;
  host.replaceChildren(...children);
  if (kept)
    [...host.querySelectorAll("[data-focus]")].find((e) => e.dataset.focus === kept)?.focus();
}

// Width of an element's content; plots are drawn to it and scaled from it in print.
function widthOf(element, least) {
  return Math.max(least, Math.floor(element.clientWidth));
}

function onResize(element, draw) {
  let width = 0;
  new ResizeObserver(() => {
    const now = element.clientWidth;
    if (now === width || now === 0 || printing) return;
    width = now;
    draw();
  }).observe(element);
}

// Paper gets more rows of the table, and plots scaled from the width that they had.
let printing = false;

function onPrint(draw) {
  const say = (value) => () => {
    printing = value;
    draw();
  };
  addEventListener("beforeprint", say(true));
  addEventListener("afterprint", say(false));
}

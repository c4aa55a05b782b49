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

// The outline of a mark about (x, y), as path data: many marks make one path, which is fast.
function mark(shape, x, y, r) {
  const at = (dx, dy) => `${tenth(x + dx * r)} ${tenth(y + dy * r)}`;
  const polygon = (...corners) => `M${corners.map((corner) => at(...corner)).join("L")}Z`;
  switch (shape) {
    case "square":
      return polygon([-0.88, -0.88], [0.88, -0.88], [0.88, 0.88], [-0.88, 0.88]);
    case "triangle":
      return polygon([0, -1.2], [1.1, 0.8], [-1.1, 0.8]);
    case "diamond":
      return polygon([0, -1.3], [1.15, 0], [0, 1.3], [-1.15, 0]);
    case "drop":
      return polygon([0, 1.2], [1.1, -0.8], [-1.1, -0.8]);
    case "plus": {
      const [a, b] = [1.15, 0.4];
      return polygon(
        [-b, -a],
        [b, -a],
        [b, -b],
        [a, -b],
        [a, b],
        [b, b],
        [b, a],
        [-b, a],
        [-b, b],
        [-a, b],
        [-a, -b],
        [-b, -b],
      );
    }
    case "hourglass":
      return polygon([-1, -1.1], [1, -1.1], [-1, 1.1], [1, 1.1]);
    case "bar":
      return polygon([-0.45, -1.3], [0.45, -1.3], [0.45, 1.3], [-0.45, 1.3]);
    default:
      return `M${at(-1, 0)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }
}

function markIcon(each) {
  const path = svg("path", { d: mark(each.shape, 7, 7, 4.6) });
  return svg(
    "svg",
    { class: `icon ${each.className}`, viewBox: "0 0 14 14", "aria-hidden": "true" },
    path,
  );
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

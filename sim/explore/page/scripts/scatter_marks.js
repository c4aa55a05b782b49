// Marks of a scatter plot: trials, the front of its two objectives, names of a few, the brush.

function drawMarks(panel) {
  const inside = panel.points.filter((point) => isSelected.has(point.trial));
  const outside = panel.points.filter((point) => !isSelected.has(point.trial));
  const [best, dominated] = [true, false].map((front) =>
    inside.filter((point) => point.trial.front === front),
  );
  return [
    marksOf("outside", outside, "circle", 2),
    ...marksBySeries("dominated", dominated, 3),
    svg("path", { class: "stair", d: stair(panel, inside) }),
    ...marksBySeries("best", best, 4.2),
  ];
}

function marksBySeries(kind, points, r) {
  return series.map((each) => {
    const own = points.filter((point) => seriesOf(point.trial) === each);
    return marksOf(`${kind} ${each.className}`, own, each.shape, r);
  });
}

function marksOf(className, points, shape, r) {
  const marks = points.map(({ px, py }) => mark(shape, px, py, r));
  return svg("path", { class: className, d: marks.join("") });
}

function stair({ x, y, box }, points) {
  const complete = points.filter((point) => point.trial.state === "complete");
  const front = frontOfTwo(complete, x, y);
  if (x === y || !front.length) return "";
  // Between two of its points nothing better is known than the one that is worse in y.
  const steps = front.map(({ px, py }, i) => (i ? `H${px}V${py}` : `M${px} ${py}`));
  return `${steps.join("")}H${x.better > 0 ? box.left : box.right}`;
}

function drawNotes({ points, box }) {
  const names = new Map();
  const name = (trial, text) => trial && names.set(trial, [...(names.get(trial) ?? []), text]);
  for (const each of budgets) {
    name(trialOf.get(each.trial), each.limit?.text ?? pretty(each.budget));
  }
  const recommended = new Set(names.keys());
  name(reference, "reference");
  const texts = [];
  const rings = points.flatMap(({ trial, px, py }) => {
    const text = names.get(trial)?.join(", ");
    if (text) texts.push(placed(texts, box, px, py, text));
    const ring = (className, r, wanted) =>
      wanted ? [svg("circle", { class: className, cx: px, cy: py, r })] : [];
    return [
      ...ring("recommended", 7, recommended.has(trial)),
      ...ring("reference", 9, trial === reference),
      ...ring("now", 11, trial === state.chosen),
    ];
  });
  const anchor = (end) => (end ? "end" : "start");
  return [...rings, ...texts.map(({ x, y, text, end }) => label("note", x, y, text, anchor(end)))];
}

function drawBrush({ x, y, box, scaleX, scaleY }) {
  const [rangeX, rangeY] = [rangeOf(x), rangeOf(y)];
  if (!rangeX && !rangeY) return svg("g", {});
  const [x0, x1] = span(scaleX, rangeX, box.left, box.right);
  const [y1, y0] = span(scaleY, rangeY, box.bottom, box.top);
  return svg("rect", { class: "brush", x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
}

// Pixels of a range on an axis from pixel `a` to `b`; what is open goes to its end.
function span(scale, range, a, b) {
  const clip = (pixel) => Math.min(Math.max(pixel, Math.min(a, b)), Math.max(a, b));
  const end = (value, open) =>
    Number.isFinite(value) && (!scale.log || value > 0) ? clip(scale.at(value)) : open;
  return range ? [end(range.low, a), end(range.high, b)] : [a, b];
}

// Parallel coordinates: an axis a parameter or objective, a line a trial.

const LANE = { top: 52, bottom: 42, height: 340, least: 80, printed: 64, side: 52 };
const parallelHost = document.getElementById("parallel");
const parallelPlot = svg("svg", { role: "group", "aria-label": "Parallel coordinates" });
const parallelFrame = html("div", { class: "frame wide" }, parallelPlot);
const onAxis = new Set(dimensions);

function axisMenu() {
  const boxes = dimensions.map((each) =>
    html(
      "label",
      {},
      html("input", {
        type: "checkbox",
        checked: true,
        onchange: (event) => {
          if (event.currentTarget.checked) onAxis.add(each);
          else onAxis.delete(each);
          drawParallel();
        },
      }),
      ` ${each.name}`,
    ),
  );
  const summary = html("summary", {}, "Axes");
  const menu = html("details", { class: "menu" }, summary, html("div", {}, ...boxes));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    summary.focus();
  });
  return menu;
}

// An axis: where each value lies, and where trials lie that have no such parameter.
function axisOf(each, x) {
  const [bottom, top] = [LANE.height - LANE.bottom, LANE.top];
  const partial = shown.some((trial) => each.of(trial) === null);
  const absent = bottom + 16;
  if (each.discrete) {
    const place = new Map(each.levels.map((level, i) => [level, i]));
    const step = (bottom - top) / Math.max(1, each.levels.length - 1);
    const at = (value) => bottom - place.get(value) * step;
    return { each, x, partial, at: (v) => (v === null ? absent : at(v)), absent };
  }
  const scale = numericScale(each.low, each.high, bottom, top, each.log);
  return { each, x, partial, scale, at: (v) => (v === null ? absent : scale.at(v)), absent };
}

function drawParallel() {
  const drawn = dimensions.filter((each) => onAxis.has(each));
  const room = printing ? 1000 : widthOf(parallelFrame, 320);
  const least = printing ? LANE.printed : LANE.least;
  const width = Math.max(room, 2 * LANE.side + least * (drawn.length - 1));
  const step = (width - 2 * LANE.side) / Math.max(1, drawn.length - 1);
  const axes = drawn.map((each, i) => axisOf(each, LANE.side + i * step));
  const bySeries = (kind, front) =>
    series.map((each) => {
      const own = selected.filter((trial) => trial.front === front && seriesOf(trial) === each);
      return lines(`${kind} ${each.className}`, own, axes);
    });
  parallelPlot.setAttribute("viewBox", `0 0 ${width} ${LANE.height}`);
  parallelPlot.setAttribute("width", width);
  const outside = shown.filter((trial) => !isSelected.has(trial));
  refill(
    parallelPlot,
    lines("outside", outside, axes),
    ...bySeries("dominated", false),
    ...bySeries("best", true),
    lines("now", state.chosen ? [state.chosen] : [], axes),
    ...axes.map(drawAxis),
  );
}

function lines(className, some, axes) {
  const line = (trial) => {
    let data = "";
    let [x, y] = [0, 0];
    for (const axis of axes) {
      const [across, up] = [axis.x - x, axis.at(axis.each.of(trial)) - y];
      const end = `${tenth(across)} ${tenth(up)}`;
      data += data
        ? `c${tenth(across / 3)} 0 ${tenth((2 * across) / 3)} ${tenth(up)} ${end}`
        : `M${end}`;
      // The next piece starts where this one ends after rounding, so that nothing adds up.
      [x, y] = [x + tenth(across), y + tenth(up)];
    }
    return data;
  };
  return svg("path", { class: `lines ${className}`, d: some.map(line).join("") });
}

function drawAxis(axis) {
  const { each, x } = axis;
  const [bottom, top] = [LANE.height - LANE.bottom, LANE.top];
  const [family, own] = each.name.includes(".") ? each.name.split(/\.(.*)/s) : ["", each.name];
  const arrow = each.better === 0 ? "" : each.better > 0 ? " ↑" : " ↓";
  const titled = [
    label("family", x, 14, each.better ? each.unit : family, "middle"),
    label("name", x, 28, own + arrow, "middle"),
  ];
  const absent = axis.partial ? [label("tick absent", x, axis.absent + 17, "none", "middle")] : [];
  const line = svg("path", { class: "axis", d: `M${x} ${top}V${bottom}` });
  const parts = each.discrete ? levelsOn(axis) : rangeOn(axis, top, bottom);
  return svg(
    "g",
    { class: "lane", role: "group", "aria-label": headline(each) },
    ...titled,
    ...absent,
    line,
    ...parts,
  );
}

function levelsOn({ each, x, at }) {
  return each.levels.map((level) => {
    const on = hasLevel(each, level);
    const flip = () => update(() => toggleLevel(each, level));
    return svg(
      "g",
      {
        class: "level",
        role: "checkbox",
        tabindex: 0,
        "data-focus": `${each.key} ${level}`,
        "aria-checked": String(on),
        "aria-label": `${each.name} ${level}`,
        onclick: flip,
        onkeydown: (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          flip();
        },
      },
      svg("rect", {
        x: x - 5,
        y: at(level) - 8,
        width: 16 + 7 * String(level).length,
        height: 16,
        rx: 3,
      }),
      svg("circle", { cx: x, cy: at(level), r: 3 }),
      label("tick", x + 7, at(level) + 3.5, String(level), "start"),
    );
  });
}

function rangeOn(axis, top, bottom) {
  const { each, x, scale } = axis;
  const range = rangeOf(each);
  const [low, high] = [
    Math.max(range?.low ?? each.low, each.low),
    Math.min(range?.high ?? each.high, each.high),
  ];
  const [yLow, yHigh] = range ? [scale.at(low), scale.at(high)] : [bottom, top];
  const ticks = scale
    .ticks(5)
    .map((value) => label("tick", x + 6, scale.at(value) + 3.5, short(value), "start"));
  const hit = svg("rect", { class: "hit", x: x - 14, y: top, width: 28, height: bottom - top });
  hit.addEventListener("pointerdown", (event) => dragAxis(event, each, scale));
  const band = range
    ? svg("rect", {
        class: "band",
        x: x - 5,
        y: yHigh,
        width: 10,
        height: Math.max(2, yLow - yHigh),
      })
    : null;
  return [
    ...ticks,
    hit,
    ...(band ? [band] : []),
    thumb(axis, "low", low, yLow),
    thumb(axis, "high", high, yHigh),
  ];
}

function dragAxis(event, each, scale) {
  const frame = parallelPlot.getBoundingClientRect();
  const k = LANE.height / frame.height;
  const valueAt = (e) => scale.invert((e.clientY - frame.top) * k);
  const start = valueAt(event);
  const move = (e) => {
    const now = valueAt(e);
    update(() => setRange(each, { low: Math.min(start, now), high: Math.max(start, now) }));
  };
  event.preventDefault();
  const dragging = new AbortController();
  const { signal } = dragging;
  const end = (e) => {
    dragging.abort();
    if (valueAt(e) === start) update(() => state.filters.delete(each.key));
  };
  addEventListener("pointermove", move, { signal });
  addEventListener("pointerup", end, { signal });
  addEventListener("pointercancel", () => dragging.abort(), { signal });
}

function thumb({ each, x }, side, value, y) {
  const outward = side === "low" ? 1 : -1;
  return svg("path", {
    class: "thumb",
    role: "slider",
    tabindex: 0,
    "aria-orientation": "vertical",
    "aria-label": endName(each, side),
    "aria-valuemin": each.low,
    "aria-valuemax": each.high,
    "aria-valuenow": value,
    "aria-valuetext": withUnit(each, value),
    "data-focus": `${each.key} ${side}`,
    d: `M${x - 6} ${y}h12l-6 ${8 * outward}Z`,
    onkeydown: (event) => moveThumb(event, each, side),
  });
}

// A thumb goes from one value that occurs to the next, with Page Up and Down over a tenth of them.
function moveThumb(event, each, side) {
  const jump = Math.max(1, Math.round(each.levels.length / 10));
  const step = {
    ArrowUp: 1,
    ArrowRight: 1,
    ArrowDown: -1,
    ArrowLeft: -1,
    PageUp: jump,
    PageDown: -jump,
  }[event.key];
  const range = rangeOf(each) ?? OPEN;
  const last = each.levels.length - 1;
  if (event.key === "Escape") update(() => state.filters.delete(each.key));
  else if (step || event.key === "Home" || event.key === "End") {
    const now = each.levels.findLastIndex((level) => level <= Math.max(range[side], each.low));
    const to = step ? Math.min(Math.max(now + step, 0), last) : event.key === "Home" ? 0 : last;
    const next = { ...range, [side]: each.levels[to] };
    if (next.low <= next.high) update(() => setRange(each, next));
  } else return;
  event.preventDefault();
}

function buildParallel() {
  parallelHost.append(axisMenu(), parallelFrame);
  onResize(parallelFrame, drawParallel);
  views.push(drawParallel);
}

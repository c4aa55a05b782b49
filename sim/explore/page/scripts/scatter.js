// A scatter plot of two objectives that can be brushed, walked through and clicked.

const MARGIN = { top: 26, right: 12, bottom: 40, left: 46 };
const NEAR = 14;
let panels = 0;

class ScatterPanel {
  constructor(x, y) {
    Object.assign(this, {
      x,
      y,
      logX: x.log,
      logY: y.log,
      points: [],
      cursor: null,
      anchor: null,
    });
    this.id = panels += 1;
    this.plot = svg("svg", {
      class: "scatter",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "scatter plot",
      onkeydown: (event) => this.onKey(event),
      onpointerdown: (event) => this.onDown(event),
      onpointermove: (event) => this.onMove(event),
      onpointerup: (event) => this.onUp(event),
      onpointercancel: () => (this.drag = null),
      onpointerleave: () => this.tell(null),
      onblur: () => this.walkTo(null),
    });
    this.tip = html("div", { class: "tip", hidden: true });
    this.frame = html("div", { class: "frame" }, this.plot, this.tip);
    this.element = html("figure", { class: "panel" }, this.head(), this.frame);
    onResize(this.frame, () => this.lay());
    views.push(() => this.lay());
  }

  head() {
    const log = (axis) =>
      html(
        "button",
        {
          type: "button",
          class: "log",
          "aria-label": `logarithmic ${axis.toLowerCase()} axis, plot ${this.id}`,
          onclick: () => {
            this[`log${axis}`] = !this[`log${axis}`];
            this.lay();
          },
        },
        `log ${axis.toLowerCase()}`,
      );
    this.logs = { X: log("X"), Y: log("Y") };
    return html(
      "figcaption",
      {},
      this.chooser("Y"),
      html("span", {}, "against"),
      this.chooser("X"),
      html("span", { class: "logs" }, this.logs.X, this.logs.Y),
    );
  }

  chooser(axis) {
    const now = axis === "X" ? this.x : this.y;
    const options = objectives.map((each) =>
      html("option", { value: each.key, selected: each === now }, each.name),
    );
    const onchange = (event) => {
      const each = dimensionOf.get(event.currentTarget.value);
      this[axis.toLowerCase()] = each;
      this[`log${axis}`] = each.log;
      this.lay();
    };
    const name = `${axis === "X" ? "horizontal" : "vertical"} axis, plot ${this.id}`;
    return html("select", { "aria-label": name, onchange }, ...options);
  }

  lay() {
    const width = printing ? (this.width ?? 480) : widthOf(this.frame, 240);
    const height = Math.round(Math.min(400, Math.max(260, 0.76 * width)));
    const { top, right, bottom, left } = MARGIN;
    Object.assign(this, { width, height });
    this.box = { left, right: width - right, top, bottom: height - bottom };
    this.scaleX = this.scale(this.x, this.logX, this.box.left, this.box.right);
    this.scaleY = this.scale(this.y, this.logY, this.box.bottom, this.box.top);
    this.points = shown.flatMap((trial) => {
      const [vx, vy] = [this.x.of(trial), this.y.of(trial)];
      if (!this.scaleX.draws(vx) || !this.scaleY.draws(vy)) return [];
      return [{ trial, vx, vy, px: this.scaleX.at(vx), py: this.scaleY.at(vy) }];
    });
    for (const axis of ["X", "Y"])
      this.logs[axis].setAttribute("aria-pressed", String(this[`log${axis}`]));
    this.plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.plot.setAttribute("aria-label", this.summary());
    this.cursorRing = svg("path", { class: "cursor" });
    this.plot.replaceChildren(
      drawAxes(this),
      drawLimits(this),
      drawBrush(this),
      ...drawMarks(this),
      ...drawNotes(this),
      this.cursorRing,
    );
    this.ring();
  }

  scale(each, log, start, end) {
    const values = shown.map(each.of).filter((value) => value !== null && (!log || value > 0));
    return numericScale(...(values.length ? extent(values) : [1, 10]), start, end, log);
  }

  summary() {
    const inside = this.points.filter((point) => isSelected.has(point.trial)).length;
    return (
      `${this.y.label} against ${this.x.label}, ${inside} of ${this.points.length} trials ` +
      "selected. Arrows move between trials, Shift and arrows select, Enter chooses, Escape clears."
    );
  }

  // Pointer: drag to select, click to choose, hover to read.

  place(event) {
    const frame = this.plot.getBoundingClientRect();
    const [kx, ky] = [this.width / frame.width, this.height / frame.height];
    return { px: (event.clientX - frame.left) * kx, py: (event.clientY - frame.top) * ky };
  }

  nearest({ px, py }) {
    let [best, least] = [null, NEAR ** 2];
    for (const point of this.points) {
      const away = (point.px - px) ** 2 + (point.py - py) ** 2;
      const closer = away < least || (away === least && isSelected.has(point.trial));
      if (closer) [best, least] = [point, away];
    }
    return best;
  }

  onDown(event) {
    if (event.button !== 0) return;
    this.plot.setPointerCapture(event.pointerId);
    this.drag = { from: this.place(event), moved: false };
    this.tell(null);
  }

  onMove(event) {
    const now = this.place(event);
    if (!this.drag) return this.tell(this.nearest(now));
    const { from } = this.drag;
    this.drag.moved ||= Math.hypot(now.px - from.px, now.py - from.py) > 4;
    if (this.drag.moved) this.select(from, now);
    return undefined;
  }

  onUp(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag || drag.moved) return;
    const point = this.nearest(this.place(event));
    if (point) choose(point.trial);
    else this.clear();
  }

  select(a, b, slack = 0) {
    const { x, y, scaleX, scaleY } = this;
    const sorted = (p, q) => (p <= q ? [p, q] : [q, p]);
    const [x0, x1] = sorted(a.px, b.px);
    const [y0, y1] = sorted(a.py, b.py);
    update(() => {
      setRange(x, { low: scaleX.invert(x0 - slack), high: scaleX.invert(x1 + slack) });
      setRange(y, { low: scaleY.invert(y1 + slack), high: scaleY.invert(y0 - slack) });
    });
  }

  clear() {
    update(() => {
      state.filters.delete(this.x.key);
      state.filters.delete(this.y.key);
    });
  }

  // Keyboard: arrows walk to the nearest trial that way, with Shift they span a selection.

  onKey(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ];
    if (way) this.walk(way, event.shiftKey);
    else if (event.key === "Enter" && this.cursor) choose(this.cursor);
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
  }

  walk([dx, dy], spanning) {
    const now = this.points.find((point) => point.trial === this.cursor);
    const goals = this.points.filter((point) => spanning || isSelected.has(point.trial));
    const next = now
      ? ahead(goals, now, dx, dy)
      : (goals.find((p) => p.trial === state.chosen) ?? goals[0]);
    if (!next) return;
    if (spanning) this.anchor ??= now ?? next;
    else this.anchor = null;
    this.walkTo(next);
    if (this.anchor) this.select(this.anchor, next, 1);
    announce(described(next.trial));
  }

  walkTo(point) {
    this.cursor = point?.trial ?? null;
    if (!point) this.anchor = null;
    this.ring();
    this.tell(point);
  }

  ring() {
    const point = this.points.find((each) => each.trial === this.cursor);
    this.cursorRing?.setAttribute("d", point ? mark("circle", point.px, point.py, 10) : "");
  }

  tell(point) {
    this.tip.hidden = !point;
    if (!point) return;
    const { trial, px, py } = point;
    const values = [this.y, this.x].map((each) =>
      html("span", {}, `${each.name} ${withUnit(each, each.of(trial))}`),
    );
    this.tip.replaceChildren(html("strong", {}, `#${trial.number} ${trial.label}`), ...values);
    this.tip.style.left = `${(px / this.width) * 100}%`;
    this.tip.style.top = `${py}px`;
    this.tip.classList.toggle("leftward", px > this.width / 2);
  }
}

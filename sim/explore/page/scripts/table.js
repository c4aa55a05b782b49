// The table: a row a selected trial, sorted by a column, filtered in its head.

const ROWS = 20;
const PRINTED_ROWS = 60;
const tableHost = document.getElementById("table");
const tableBody = html("tbody", {});
const pager = html("div", { class: "pager" });
const order = { key: objectives[0].key, descending: objectives[0].better > 0, page: 0 };
const heads = new Map();
const rangeInputs = [];

const columns = [
  { key: "number", label: "#", of: (trial) => trial.number },
  { key: "label", label: "design", of: (trial) => trial.label },
  ...objectives.map((each) => ({
    key: each.key,
    label: each.name,
    unit: each.unit,
    of: each.of,
    each,
  })),
  { key: "seeds", label: "seeds", of: (trial) => trial.seeds },
  { key: "state", label: "state", of: (trial) => (trial.front ? "front" : trial.state) },
];
const columnOf = new Map(columns.map((column) => [column.key, column]));

function buildTable() {
  const table = html(
    "table",
    { role: "grid", "aria-label": "Trials" },
    html(
      "thead",
      {},
      html("tr", {}, ...columns.map(headCell)),
      html("tr", { class: "filters" }, ...columns.map(filterCell)),
    ),
    tableBody,
  );
  tableBody.addEventListener("keydown", onRowKey);
  tableHost.append(html("div", { class: "frame wide" }, table), pager);
  views.push(drawTable);
}

function headCell(column) {
  const button = html(
    "button",
    { type: "button", onclick: () => sortBy(column.key) },
    column.label,
  );
  const unit = column.unit ? html("small", {}, column.unit) : null;
  const cell = html("th", { scope: "col", class: column.each ? "number" : "" }, button, unit);
  heads.set(column.key, cell);
  return cell;
}

function sortBy(key) {
  order.descending = order.key === key ? !order.descending : columnOf.get(key).each?.better > 0;
  order.key = key;
  order.page = 0;
  drawTable();
  announce(
    `Sorted by ${columnOf.get(key).label}, ${order.descending ? "descending" : "ascending"}`,
  );
}

function filterCell(column) {
  if (column.key === "label") {
    const search = html("input", {
      type: "search",
      placeholder: "filter designs",
      "aria-label": "filter designs by words",
      oninput: () => update(() => (state.text = search.value)),
    });
    rangeInputs.push(() => document.activeElement !== search && (search.value = state.text));
    return html("td", {}, search);
  }
  if (!column.each) return html("td", {});
  return html(
    "td",
    { class: "number" },
    rangeInput(column.each, "low"),
    rangeInput(column.each, "high"),
  );
}

function rangeInput(each, side) {
  const input = html("input", {
    type: "number",
    step: "any",
    placeholder: side === "low" ? "min" : "max",
    "aria-label": endName(each, side),
    oninput: () => {
      const value = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : OPEN[side];
      update(() => setRange(each, { ...(rangeOf(each) ?? OPEN), [side]: value }));
    },
  });
  rangeInputs.push(() => {
    if (document.activeElement === input) return;
    const value = (rangeOf(each) ?? OPEN)[side];
    input.value = Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "";
  });
  return input;
}

function sorted() {
  const { of } = columnOf.get(order.key);
  const sign = order.descending ? -1 : 1;
  return [...selected].sort((a, b) => {
    const [p, q] = [of(a), of(b)];
    if (p === null || q === null)
      return Number(p === null) - Number(q === null) || a.number - b.number;
    return sign * byLevel(p, q) || a.number - b.number;
  });
}

function drawTable() {
  const rows = sorted();
  const size = printing ? PRINTED_ROWS : ROWS;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  order.page = printing ? 0 : Math.min(order.page, pages - 1);
  const page = rows.slice(order.page * size, (order.page + 1) * size);
  const nothing = html("td", { class: "nothing", colspan: columns.length });
  nothing.textContent = "No trial passes all filters.";
  refill(tableBody, ...(page.length ? page.map(row) : [html("tr", {}, nothing)]));
  const stop =
    tableBody.querySelector("[aria-selected=true]") ?? tableBody.querySelector("[data-focus]");
  stop?.setAttribute("tabindex", "0");
  for (const [key, cell] of heads) {
    const way = order.descending ? "descending" : "ascending";
    cell.setAttribute("aria-sort", key === order.key ? way : "none");
  }
  for (const refresh of rangeInputs) refresh();
  drawPager(rows.length, pages, size);
}

function row(trial) {
  return html(
    "tr",
    {
      tabindex: -1,
      "data-focus": trial.number,
      "data-trial": trial.number,
      "aria-selected": String(trial === state.chosen),
      class: trial.front ? "front" : "",
      onclick: () => choose(trial),
    },
    ...columns.map((column) => cell(trial, column)),
  );
}

function cell(trial, column) {
  if (column.key === "label")
    return html("td", { class: "design" }, markIcon(seriesOf(trial)), trial.label, ...tags(trial));
  if (column.key === "state")
    return html("td", {}, html("span", { class: `state ${column.of(trial)}` }, column.of(trial)));
  const spread = column.each ? lookUp(trial.spread, column.each.name) : null;
  const around = spread === null ? null : html("small", {}, ` ± ${short(spread)}`);
  return html("td", { class: "number" }, format(column.of(trial)), around);
}

function tags(trial) {
  const texts = budgets
    .filter((each) => each.trial === trial.number)
    .map((each) => pretty(each.budget));
  if (trial.reference) texts.push("reference");
  return texts.map((text) => html("span", { class: "tag" }, text));
}

function onRowKey(event) {
  const now = event.target.closest("tr[data-trial]");
  if (!now) return;
  const rows = [...tableBody.querySelectorAll("tr[data-trial]")];
  const place = rows.indexOf(now);
  const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) rows[to]?.focus();
  else if (event.key === "PageDown") turn(1);
  else if (event.key === "PageUp") turn(-1);
  else if (event.key === "Enter" || event.key === " ")
    choose(trialOf.get(Number(now.dataset.trial)));
  else if (event.key === "Escape") clearSelection();
  else return;
  event.preventDefault();
}

function turn(step) {
  const had = tableBody.contains(document.activeElement);
  order.page = Math.max(0, order.page + step);
  drawTable();
  if (had) tableBody.querySelector("tr[data-trial]")?.focus();
}

function drawPager(count, pages, size) {
  const first = order.page * size;
  const text = count
    ? `${first + 1}–${Math.min(first + size, count)} of ${count.toLocaleString("en")}`
    : "0";
  const button = (name, step, disabled) =>
    html(
      "button",
      { type: "button", "data-focus": name, disabled, onclick: () => turn(step) },
      name,
    );
  refill(
    pager,
    button("Previous", -1, order.page === 0),
    html("span", {}, text),
    button("Next", 1, order.page >= pages - 1),
  );
}

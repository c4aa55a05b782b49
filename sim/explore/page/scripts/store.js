// What is selected. Every view reads `state`, `shown` and `selected`, and changes them by `update`.

const STATES = ["complete", "pruned", "infeasible", "failed"];
const presentStates = STATES.filter((name) => trials.some((trial) => trial.state === name));

const state = {
  states: new Set(presentStates.slice(0, 1)),
  frontOnly: false,
  text: "",
  filters: new Map(), // key of a dimension -> { low, high } or { values: Set }
  chosen: null,
};

let shown = []; // trials in a state that is looked at
let selected = []; // those of them that pass all filters
let isSelected = new Set();

const views = [];
let scheduled = false;

function update(change) {
  change();
  select();
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      for (const view of views) view();
    });
  }
}

function select() {
  const filters = [...state.filters].map(([key, filter]) => [dimensionOf.get(key), filter]);
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  shown = trials.filter((trial) => state.states.has(trial.state));
  selected = shown.filter(
    (trial) =>
      (!state.frontOnly || trial.front) &&
      words.every((word) => `#${trial.number} ${trial.label}`.toLowerCase().includes(word)) &&
      filters.every(([each, filter]) => passes(each.of(trial), filter)),
  );
  isSelected = new Set(selected);
}

function passes(value, filter) {
  if (value === null) return false;
  return filter.values ? filter.values.has(value) : filter.low <= value && value <= filter.high;
}

const OPEN = { low: -Infinity, high: Infinity };
const endName = (each, side) => `${side === "low" ? "least" : "most"} ${headline(each)}`;

function setRange(each, { low, high }) {
  const open = low === -Infinity && high === Infinity;
  if (open) state.filters.delete(each.key);
  else state.filters.set(each.key, { low, high });
}

function rangeOf(each) {
  const filter = state.filters.get(each.key);
  return filter && !filter.values ? filter : null;
}

function toggleLevel(each, level) {
  const values = new Set(state.filters.get(each.key)?.values ?? each.levels);
  if (!values.delete(level)) values.add(level);
  const all = values.size === each.levels.length || values.size === 0;
  if (all) state.filters.delete(each.key);
  else state.filters.set(each.key, { values });
}

function hasLevel(each, level) {
  return state.filters.get(each.key)?.values.has(level) ?? true;
}

function clearSelection() {
  update(() => {
    state.filters.clear();
    state.frontOnly = false;
    state.text = "";
  });
}

function choose(trial) {
  update(() => {
    state.chosen = trial;
  });
  // A place that can be sent to somebody; no request comes of it.
  history.replaceState(null, "", trial ? `#trial-${trial.number}` : "#");
  if (trial) announce(`Chosen: ${described(trial)}`);
}

function described(trial) {
  const values = objectives.map((each) => `${each.name} ${withUnit(each, each.of(trial))}`);
  if (trial.front) values.push("on the front");
  return `trial ${trial.number}, ${trial.label}: ${values.join(", ")}`;
}

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

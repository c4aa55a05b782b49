// The exploration, its objectives and parameters as dimensions of one kind, its methods as series.

const exploration = JSON.parse(document.getElementById("exploration").textContent);
const trials = exploration.trials;
const trialOf = new Map(trials.map((trial) => [trial.number, trial]));

// Names come from a file: one such as "constructor" must find nothing but what the file says.
const lookUp = (record, name) => (Object.hasOwn(record, name) ? record[name] : null) ?? null;

const pretty = (text) =>
  text
    .replaceAll("<=", "≤")
    .replaceAll(">=", "≥")
    .replace(/\bmm2\b/g, "mm²")
    .replace(/\buJ\b/g, "µJ");

// Dimensions: what a plot can have an axis of. `of` gives the value of a trial or null; `levels`
// are the values of a discrete one in order; `better` is 1 or -1 for objectives, else 0.

function dimension(fields) {
  const values = trials.map(fields.of).filter((value) => value !== null);
  const numeric = values.every((value) => typeof value === "number");
  const discrete = fields.discrete || !numeric;
  const levels = [...new Set(values)].sort(byLevel);
  const [low, high] = discrete || !levels.length ? [0, 1] : [levels[0], levels.at(-1)];
  const spread = low > 0 && high / low > 20;
  return {
    ...fields,
    discrete,
    levels,
    low,
    high,
    log: !discrete && (fields.log || spread) && low > 0,
  };
}

function byLevel(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}

const objectives = exploration.objectives.map((objective) =>
  dimension({
    key: `objective ${objective.name}`,
    name: objective.name,
    label: objective.label,
    unit: pretty(objective.unit),
    better: objective.direction === "maximize" ? 1 : -1,
    discrete: false,
    log: false,
    of: (trial) => lookUp(trial.values, objective.name),
  }),
);

const parameters = exploration.parameters
  .map((parameter) =>
    dimension({
      key: `parameter ${parameter.name}`,
      name: parameter.name,
      label: parameter.name,
      unit: "",
      better: 0,
      discrete: parameter.kind === "categorical",
      log: parameter.log,
      of: (trial) => lookUp(trial.parameters, parameter.name),
    }),
  )
  .filter((parameter) => parameter.levels.length > 1);

const dimensions = [...parameters, ...objectives];
const dimensionOf = new Map(dimensions.map((each) => [each.key, each]));

// Series: what colours and shapes tell apart, the methods. Shapes repeat what the first colours
// say; where there are more methods than colours, a shape is no one else's of its colour.

const SHAPES = ["circle", "square", "triangle", "diamond", "drop", "plus", "hourglass", "bar"];
const COLOURS = 6;
const methodDimension =
  parameters.find((each) => ["replay", "method"].includes(each.name)) ??
  parameters.find((each) => each.discrete && each.levels.length <= SHAPES.length) ??
  null;
const series = (methodDimension?.levels ?? [null]).map((value, place) => ({
  value,
  label: value === null ? "all" : String(value),
  shape: SHAPES[place % SHAPES.length],
  className: `s${place % COLOURS}`,
}));
const seriesByValue = new Map(series.map((each) => [each.value, each]));
const seriesOf = (trial) => seriesByValue.get(methodDimension?.of(trial) ?? null) ?? series[0];

// Limits: "bits <= 1 Mb" as a line at 1 on the axis of bits, where the units agree.

function limitOf(text) {
  const [, name, number, unit] = /^\s*(\S+)\s*[<>]=?\s*([-+.\deE]+)\s*(.*?)\s*$/.exec(text) ?? [];
  const objective = objectives.find((each) => each.name === name);
  const fits = objective && Number.isFinite(Number(number)) && pretty(unit) === objective.unit;
  return fits
    ? { key: objective.key, value: Number(number), text: `${number} ${objective.unit}` }
    : null;
}

const budgets = exploration.recommended.map((each) => ({ ...each, limit: limitOf(each.budget) }));
const limits = exploration.constraints.map(limitOf).filter((limit) => limit !== null);
const reference = trials.find((trial) => trial.reference) ?? null;

function format(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Math.abs(value) >= 1000) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  if (Number.isInteger(value) || Math.abs(value) < 1e-3) return short(value);
  return value.toPrecision(3);
}

// Of a tick: no more digits than it needs.
const short = (value) =>
  Math.abs(value) >= 1e4 ? value.toLocaleString("en") : String(Number(value.toPrecision(3)));

const withUnit = (each, value) =>
  each.unit && value !== null ? `${format(value)} ${each.unit}` : format(value);
const headline = (each) => (each.unit ? `${each.label} (${each.unit})` : each.label);

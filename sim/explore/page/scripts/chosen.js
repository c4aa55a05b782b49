// The chosen trial: values, where its costs come from, its accuracy by task, how to run it again.

const chosenHost = document.getElementById("chosen");

function drawChosen() {
  const trial = state.chosen;
  if (chosenHost.trial === trial && chosenHost.hasChildNodes()) return;
  chosenHost.trial = trial;
  chosenHost.replaceChildren(...(trial ? chosenParts(trial) : nothingChosen()));
}

function nothingChosen() {
  return [html("p", { class: "lead" }, "Choose a trial in a plot or in the table.")];
}

function chosenParts(trial) {
  const facts = [trial.state, seedsOf(trial), trial.rung === null ? null : `rung ${trial.rung}`];
  return [
    html(
      "header",
      {},
      html("p", { class: "kicker" }, `Trial ${trial.number}`, ...chosenTags(trial)),
      html("h3", {}, markIcon(seriesOf(trial)), trial.label),
      html("p", { class: "lead" }, [...facts, timeOf(trial)].filter(Boolean).join(", ")),
    ),
    ...troubles(trial).map((text) => html("p", { class: "trouble" }, text)),
    valueTable(trial),
    part("Accuracy by task", curve(trial)),
    part("Run it again", recipe(trial)),
    ...objectives.map((each) => part(`${capital(each.name)} by component`, breakdown(trial, each))),
    part("Parameters", parameterList(trial)),
  ].filter((each) => each !== null);
}

const part = (title, content) => content && html("section", {}, html("h4", {}, title), content);
// Why a trial is not among the complete, or should not be taken.
function troubles(trial) {
  const broken = Object.entries(trial.violations)
    .filter(([, excess]) => excess > 0)
    .map(([text, excess]) => `Breaks ${pretty(text)} by ${format(100 * excess)} %.`);
  const early =
    trial.state === "pruned" ? ["Stopped early: its accuracy is of fewer tasks or seeds."] : [];
  return [...broken, ...early, ...(trial.message ? [trial.message] : [])];
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const seedsOf = (trial) =>
  trial.seeds ? `${trial.seeds} ${trial.seeds === 1 ? "seed" : "seeds"}` : null;

function timeOf(trial) {
  if (trial.seconds === null) return null;
  return `${format(trial.seconds)} s${trial.cache_hits ? `, ${trial.cache_hits} from cache` : ""}`;
}

function chosenTags(trial) {
  const best = trial.front ? [html("span", { class: "tag strong" }, "front")] : [];
  return [...best, ...tags(trial)];
}

function valueTable(trial) {
  const beside = reference && reference !== trial;
  const rows = objectives.map((each) => {
    const value = each.of(trial);
    const spread = lookUp(trial.spread, each.name);
    return html(
      "tr",
      {},
      html("th", { scope: "row", title: each.label }, each.name),
      html(
        "td",
        { class: "number" },
        format(value),
        spread === null ? null : html("small", {}, ` ± ${short(spread)}`),
      ),
      html("td", { class: "unit" }, each.unit),
      ...(beside ? [difference(each, value, each.of(reference))] : []),
    );
  });
  const head = ["", "", "", "against reference"];
  return html(
    "table",
    { class: "values" },
    beside ? html("thead", {}, html("tr", {}, ...head.map((text) => html("td", {}, text)))) : null,
    html("tbody", {}, ...rows),
  );
}

function difference(each, value, other) {
  if (value === null || other === null) return html("td", { class: "number" }, "–");
  const gain = (value - other) * each.better;
  const sign = value > other ? "+" : value < other ? "−" : "±";
  const word = gain > 0 ? "better" : gain < 0 ? "worse" : "";
  return html(
    "td",
    { class: `number ${word}` },
    `${sign}${format(Math.abs(value - other))}`,
    html("small", {}, word),
  );
}

function breakdown(trial, each) {
  const shares = [...(lookUp(trial.cost, each.name) ?? [])].sort((a, b) => b.value - a.value);
  if (!shares.length) return null;
  const total = shares.reduce((sum, share) => sum + share.value, 0) || 1;
  const most = Math.max(...shares.map((share) => share.value)) || 1;
  const bars = shares.map((share) => {
    const percent = `${Math.round((share.value / total) * 100)} %`;
    return html(
      "li",
      {},
      html("span", { class: "what" }, share.name),
      html(
        "span",
        { class: "much" },
        withUnit(each, share.value),
        html("small", {}, ` ${percent}`),
      ),
      track(share.value / most),
    );
  });
  return html("ul", { class: "bars" }, ...bars);
}

function curve(trial) {
  const own = trial.accuracy_by_task;
  if (!own.length) return null;
  const other = reference && reference !== trial ? reference.accuracy_by_task : [];
  const [width, height] = [340, 150];
  const tasks = Math.max(own.length, other.length, 2);
  const x = numericScale(1, tasks, 34, width - 34, false);
  const y = numericScale(...extent([...own, ...other]), height - 24, 8, false);
  const path = (values) =>
    values.map((v, i) => `${i ? "L" : "M"}${tenth(x.at(i + 1))} ${tenth(y.at(v))}`).join("");
  const dots = (values) => values.map((v, i) => mark("circle", x.at(i + 1), y.at(v), 2.5)).join("");
  const every = Math.ceil(tasks / 11);
  const tickX = Array.from({ length: tasks }, (_, i) => i + 1).filter(
    (task) => (task - 1) % every === 0,
  );
  const ends = [own, other].map((values) => (values.length ? y.at(values.at(-1)) : 0));
  // The reference gives way where the curves end close to each other.
  const aside =
    Math.abs(ends[0] - ends[1]) < 12 ? (ends[1] < ends[0] ? ends[0] - 12 : ends[0] + 12) : ends[1];
  const end = (values, className, height, text) =>
    label(className, x.at(values.length) + 5, height + 3.5, text, "start");
  const spoken = own.map((value, i) => `task ${i + 1} ${format(value)} %`).join(", ");
  return svg(
    "svg",
    {
      class: `curve ${seriesOf(trial).className}`,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `Accuracy by task: ${spoken}`,
    },
    ...y
      .ticks(4)
      .flatMap((value) => [
        svg("path", { class: "grid", d: `M30 ${y.at(value)}H${width - 30}` }),
        label("tick", 25, y.at(value) + 3.5, short(value), "end"),
      ]),
    ...tickX.map((task) => label("tick", x.at(task), height - 6, String(task), "middle")),
    svg("path", { class: "line other", d: path(other) }),
    svg("path", { class: "line", d: path(own) }),
    svg("path", { class: "dots", d: dots(own) }),
    other.length ? end(other, "tick", aside, "ref.") : null,
    end(own, "end", ends[0], format(own.at(-1))),
  );
}

function parameterList(trial) {
  const pairs = Object.entries(trial.parameters).map(([name, value]) => pair(name, String(value)));
  return pairs.length ? html("dl", { class: "pairs" }, ...pairs) : null;
}

function recipe(trial) {
  if (!trial.command && !trial.yaml) return null;
  const code = html("code", {}, trial.command);
  const copy = html("button", { type: "button", onclick: () => copyText(code, copy) }, "Copy");
  return html(
    "div",
    { class: "recipe" },
    trial.command
      ? html(
          "div",
          { class: "command" },
          html("pre", { tabindex: 0, "aria-label": "command" }, code),
          copy,
        )
      : null,
    trial.note ? html("p", { class: "note" }, trial.note) : null,
    trial.yaml ? download(trial) : null,
    trial.yaml
      ? html(
          "details",
          {},
          html("summary", {}, "Show the YAML"),
          html("pre", { tabindex: 0, "aria-label": "YAML" }, html("code", {}, trial.yaml)),
        )
      : null,
  );
}

// The file is made when it is asked for, and let go when the browser has taken it.
function download(trial) {
  const name = fileName(trial);
  const save = () => {
    const link = html("a", { download: name });
    link.href = URL.createObjectURL(new Blob([trial.yaml], { type: "application/yaml" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return html("button", { type: "button", class: "primary", onclick: save }, `Download ${name}`);
}

// The name that the command gives to its file, so that it works as it stands.
function fileName(trial) {
  return /([\w.-]+\.ya?ml)\b/.exec(trial.command)?.[1] ?? `trial-${trial.number}.yaml`;
}

async function copyText(code, button) {
  const range = document.createRange();
  range.selectNodeContents(code);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // What is selected can be copied by hand where the browser keeps the clipboard to itself.
    button.textContent = "Selected";
  }
  announce(`Command: ${button.textContent.toLowerCase()}`);
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function buildChosen() {
  chosenHost.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
  });
  views.push(drawChosen);
}

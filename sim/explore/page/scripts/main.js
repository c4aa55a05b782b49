// The page put together.

function plotted() {
  const others = objectives.slice(1, 5);
  if (!others.length) return [[objectives[0], objectives[0]]];
  return others.map((each) => [each, objectives[0]]);
}

function firstChosen() {
  const named = trialOf.get(Number(/^#trial-(\d+)$/.exec(location.hash)?.[1] ?? -1));
  const recommended = budgets.map((each) => trialOf.get(each.trial)).filter(Boolean);
  return named ?? recommended[Math.floor(recommended.length / 2)] ?? reference;
}

function build() {
  document.getElementById("app").hidden = false;
  document
    .getElementById("panels")
    .append(...plotted().map(([x, y]) => new ScatterPanel(x, y).element));
  buildControls();
  buildCards();
  buildParallel();
  buildTable();
  buildChosen();
  buildSensitivity();
  onPrint(() => views.forEach((view) => view()));
  update(() => (state.chosen = firstChosen()));
}

build();

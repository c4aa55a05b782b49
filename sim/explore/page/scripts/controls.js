// What stands around the plots: chips that filter, the count, the recommendations, what matters.

const controlsHost = document.getElementById("controls");
const statusHost = document.getElementById("status");

function chip(text, icon, isOn, flip) {
  const button = html(
    "button",
    { type: "button", class: "chip", onclick: () => update(flip) },
    icon,
    text,
  );
  views.push(() => button.setAttribute("aria-pressed", String(isOn())));
  return button;
}

function group(name, ...chips) {
  return html(
    "div",
    { class: "group", role: "group", "aria-label": name },
    html("span", { class: "name" }, name),
    ...chips,
  );
}

function buildControls() {
  const methods = methodDimension
    ? series.map((each) =>
        chip(
          each.label,
          markIcon(each),
          () => hasLevel(methodDimension, each.value),
          () => toggleLevel(methodDimension, each.value),
        ),
      )
    : [];
  const count = (name) =>
    trials.filter((trial) => trial.state === name).length.toLocaleString("en");
  const states = presentStates.map((name) =>
    chip(
      `${name} ${count(name)}`,
      null,
      () => state.states.has(name),
      () => flipState(name),
    ),
  );
  const front = chip(
    "front only",
    null,
    () => state.frontOnly,
    () => (state.frontOnly = !state.frontOnly),
  );
  const clear = html(
    "button",
    { type: "button", class: "clear", onclick: clearSelection },
    "Clear selection",
  );
  if (methods.length > 1) controlsHost.append(group("Method", ...methods));
  controlsHost.append(group("Trials", ...states, front), clear);
  views.push(() => {
    clear.disabled = !state.filters.size && !state.frontOnly && !state.text;
    statusHost.textContent = counted();
  });
}

function flipState(name) {
  if (!state.states.delete(name)) state.states.add(name);
  if (!state.states.size) state.states.add(name);
}

function counted() {
  const number = (some) => some.length.toLocaleString("en");
  const front = selected.filter((trial) => trial.front);
  const beside = `${number(front)} of them on the front`;
  return `${number(selected)} of ${number(shown)} trials selected, ${beside}`;
}

function buildCards() {
  for (const card of document.querySelectorAll(".card[data-trial]")) {
    const trial = trialOf.get(Number(card.dataset.trial));
    const values = objectives.map((each) =>
      pair(each.name, format(each.of(trial)), html("small", {}, ` ${each.unit}`)),
    );
    const show = html(
      "button",
      { type: "button", onclick: () => choose(trial) },
      `Show trial ${trial.number}`,
    );
    card.append(html("dl", {}, ...values), show);
    card.querySelector("h3").prepend(markIcon(seriesOf(trial)));
    views.push(() => card.classList.toggle("now", state.chosen === trial));
  }
}

function buildSensitivity() {
  const host = document.getElementById("sensitivity");
  const found = exploration.sensitivity;
  host.hidden = !found.length;
  const share = (name, each) =>
    found.find((s) => s.parameter === name && s.objective === each.name)?.share ?? null;
  const names = [...new Set(found.map((each) => each.parameter))];
  const weight = (name) => share(name, objectives[0]) ?? 0;
  names.sort((a, b) => weight(b) - weight(a));
  const head = ["parameter", ...objectives.map((each) => each.name)];
  const rows = names.map((name) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, name),
      ...objectives.map((each) => shareCell(share(name, each))),
    ),
  );
  const table = html(
    "table",
    { class: "shares" },
    html("thead", {}, html("tr", {}, ...head.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, ...rows),
  );
  host.append(html("div", { class: "frame wide" }, table));
}

function shareCell(share) {
  const text = share === null ? "–" : `${Math.round(share * 100)} %`;
  return html("td", {}, html("span", { class: "percent" }, text), track(share ?? 0));
}

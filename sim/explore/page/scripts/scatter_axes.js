// Axes of a scatter plot: grid, ticks, titles, and the budgets and constraints as lines.

function drawAxes(panel) {
  const { box, x, y, scaleX, scaleY } = panel;
  const upward = y.better > 0 ? "↑" : "↓";
  return svg(
    "g",
    { class: "axes", "aria-hidden": "true" },
    ...scaleX.ticks(Math.max(3, Math.floor((box.right - box.left) / 80))).map((value) => {
      const at = scaleX.at(value);
      return svg(
        "g",
        {},
        svg("path", { class: "grid", d: `M${at} ${box.top}V${box.bottom}` }),
        label("tick", at, box.bottom + 15, short(value), "middle"),
      );
    }),
    ...scaleY.ticks(Math.max(3, Math.floor((box.bottom - box.top) / 48))).map((value) => {
      const at = scaleY.at(value);
      return svg(
        "g",
        {},
        svg("path", { class: "grid", d: `M${box.left} ${at}H${box.right}` }),
        label("tick", box.left - 7, at + 3.5, short(value), "end"),
      );
    }),
    svg("path", { class: "axis", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }),
    label(
      "title",
      box.right,
      box.bottom + 32,
      x.better > 0 ? `${headline(x)} →` : `← ${headline(x)}`,
      "end",
    ),
    label("title", box.left, box.top - 10, `${upward} ${headline(y)}`, "start"),
  );
}

function drawLimits(panel) {
  const { box, x, y, scaleX, scaleY } = panel;
  const group = svg("g", { class: "limits", "aria-hidden": "true" });
  const marked = [
    ...budgets.filter((each) => each.limit).map((each) => ({ ...each.limit, kind: "budget" })),
    ...limits.map((limit) => ({ ...limit, kind: "constraint" })),
  ];
  for (const { key, value, text, kind } of marked) {
    const [alongX, alongY] = [key === x.key, key === y.key];
    const at = alongX ? scaleX.at(value) : scaleY.at(value);
    if (alongX && at > box.left && at < box.right) {
      group.append(svg("path", { class: kind, d: `M${at} ${box.top}V${box.bottom}` }));
      const [beyond, height] = [at > box.right - 45, box.bottom - (kind === "budget" ? 5 : 18)];
      group.append(
        label(`limit ${kind}`, beyond ? at - 4 : at + 4, height, text, beyond ? "end" : "start"),
      );
    } else if (alongY && at > box.top && at < box.bottom) {
      group.append(svg("path", { class: kind, d: `M${box.left} ${at}H${box.right}` }));
      group.append(label(`limit ${kind}`, box.right - 4, at - 4, text, "end"));
    }
  }
  return group;
}

function label(className, x, y, text, anchor) {
  return svg("text", { class: className, x, y, "text-anchor": anchor }, text);
}

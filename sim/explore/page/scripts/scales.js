// From values to pixels and back.

function numericScale(low, high, start, end, log) {
  const forward = log ? Math.log10 : (value) => value;
  const backward = log ? (value) => 10 ** value : (value) => value;
  const [a, b] = padded(forward(low), forward(high));
  const at = (value) => start + ((forward(value) - a) / (b - a)) * (end - start);
  return {
    log,
    at,
    draws: (value) => typeof value === "number" && (!log || value > 0),
    invert: (pixel) => backward(a + ((pixel - start) / (end - start)) * (b - a)),
    ticks: (count) => (log ? logTicks(a, b, count) : linearTicks(a, b, count)),
  };
}

function padded(a, b) {
  const margin = (b - a || Math.abs(a) || 1) * 0.05;
  return [a - margin, b + margin];
}

function linearTicks(a, b, count) {
  const rough = (b - a) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= rough);
  const ticks = [];
  for (let i = Math.ceil(a / step); i * step <= b; i += 1)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function logTicks(a, b, count) {
  const decades = b - a;
  const steps = [[1, 2, 5], [1, 3], [1]].find((each) => decades * each.length <= count + 1) ?? [1];
  const every = Math.max(1, Math.ceil(decades / (count + 1)));
  const ticks = [];
  for (let power = Math.floor(a); power <= b; power += 1) {
    if (steps.length === 1 && power % every !== 0) continue;
    for (const step of steps) {
      const value = step * 10 ** power;
      if (Math.log10(value) >= a && Math.log10(value) <= b)
        ticks.push(Number(value.toPrecision(3)));
    }
  }
  return ticks;
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

// The front of two objectives: those that nothing beats in both, best in x first.
function frontOfTwo(points, x, y) {
  const sorted = [...points].sort((p, q) => x.better * (q.vx - p.vx) || y.better * (q.vy - p.vy));
  const front = [];
  for (const point of sorted) {
    const last = front.at(-1);
    if (!last || y.better * (point.vy - last.vy) > 0) front.push(point);
  }
  return front;
}

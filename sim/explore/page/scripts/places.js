// Places in a scatter plot: where a text has room, and what lies ahead of a point.

// A place for a text beside a mark where it covers no other of the texts, if there is one.
function placed(others, box, px, py, text) {
  const width = 6.2 * text.length;
  const places = [
    [-6, 12, false],
    [-6, -12, true],
    [14, 12, false],
    [14, -12, true],
  ].map(([dy, dx, end]) => {
    const left = end ? px + dx - width : px + dx;
    return { x: px + dx, y: py + dy, left, right: left + width, text, end };
  });
  const fits = ({ left, right, y }) =>
    left > box.left &&
    right < box.right + MARGIN.right &&
    others.every((other) => right < other.left || left > other.right || Math.abs(y - other.y) > 12);
  return places.find(fits) ?? places[0];
}

// The nearest point in a direction; a step aside costs twice a step ahead.
function ahead(points, from, dx, dy) {
  let [best, least] = [null, Infinity];
  for (const point of points) {
    const [x, y] = [point.px - from.px, point.py - from.py];
    const forward = x * dx + y * dy;
    const away = forward + 2 * Math.abs(x * dy - y * dx);
    if (forward > 0.05 && away < least) [best, least] = [point, away];
  }
  return best;
}

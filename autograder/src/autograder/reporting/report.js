// Try other points: read them from the table, compute the totals anew, and move the bars.
(() => {
  const data = JSON.parse(document.getElementById("weights").textContent);
  const cells = [...document.querySelectorAll("[data-points]")];
  const bars = [...document.querySelectorAll("#tried rect")];
  const labels = [...document.querySelectorAll("#tried text")];
  const outcome = document.getElementById("outcome");
  const told = document.getElementById("command");
  const height = 110, ground = 140;

  const number = (value) => String(Math.round(100 * value) / 100);
  const sum = (values) => values.reduce((one, other) => one + other, 0);
  const median = (values) => {
    const sorted = [...values].sort((one, other) => one - other), middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  };

  // Each cell's share of its points times the points it is to have, what else was won, and of that what being late leaves.
  const totals = (points) =>
    data.won.map((won, n) => {
      const shares = won.map((value, cell) => (value / data.points[cell]) * points[cell]);
      return (sum(shares) + data.rest[n]) * data.kept[n];
    });

  const tenths = (values, most) => {
    const counts = Array(10).fill(0);
    // Without the small number, a sum such as 0.1 + 0.2 can fall into the tenth below its own.
    for (const value of values) counts[Math.min(Math.max(Math.floor(most ? (10 * value) / most + 1e-9 : 0), 0), 9)]++;
    return counts;
  };

  const figures = (points) => {
    const all = totals(points), most = sum(points);
    return { most, mean: sum(all) / all.length, median: median(all), counts: tenths(all, most) };
  };

  // A command as a shell reads it: a text between single quotes stands for itself.
  const quoted = (text) => (/^[\w./=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const command = (points) => {
    const changes = points.map((value, n) => `${data.names[n]}=${value}`).filter((_, n) => points[n] !== data.points[n]);
    return `autograder points --assignment ${[data.assignment, ...changes].map(quoted).join(" ")}`;
  };

  const share = (value, most) => `${number(value)} of ${number(most)}` + (most ? ` (${Math.round((100 * value) / most)} %)` : "");
  const before = figures(data.points);

  const fields = cells.map((cell, n) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "number", min: 0, step: "any", value: data.points[n] });
    field.setAttribute("aria-label", `points of ${cell.dataset.points}`);
    field.addEventListener("input", show);
    cell.replaceChildren(field);
    return field;
  });

  function show() {
    const points = fields.map((field) => Math.max(Number(field.value) || 0, 0)), now = figures(points);
    const highest = Math.max(...before.counts, ...now.counts, 1);
    bars.forEach((bar, n) => {
      const size = (height * now.counts[n]) / highest;
      bar.setAttribute("height", size.toFixed(1));
      bar.setAttribute("y", (ground - size).toFixed(1));
      labels[n].textContent = now.counts[n] || "";
      labels[n].setAttribute("y", (ground - 6 - size).toFixed(1));
    });
    document.querySelectorAll("#before rect").forEach((bar, n) => {
      const size = (height * before.counts[n]) / highest;
      bar.setAttribute("height", size.toFixed(1));
      bar.setAttribute("y", (ground - size).toFixed(1));
    });
    const changed = fields.filter((field, n) => points[n] !== data.points[n]).length;
    fields.forEach((field, n) => field.classList.toggle("changed", points[n] !== data.points[n]));
    outcome.textContent = changed
      ? `Mean ${share(before.mean, before.most)}, then ${share(now.mean, now.most)}. ` +
        `Median ${share(before.median, before.most)}, then ${share(now.median, now.most)}.`
      : `As it is: mean ${share(before.mean, before.most)}, median ${share(before.median, before.most)}.`;
    told.hidden = !changed;
    told.querySelector("code").textContent = command(points);
  }

  document.getElementById("reset").addEventListener("click", () => {
    fields.forEach((field, n) => { field.value = data.points[n]; });
    show();
  });
  document.getElementById("unscripted").remove();
  document.getElementById("try").hidden = false;
  show();
})();

"use strict";
// Draws each trend of the page with uPlot, in the page's colours and as wide as there is room.
(() => {
  const HEIGHT = 220;
  // The ticks' distance in seconds, the words of a tick, and of the first one of a year and a day.
  const WORDS = [
    [31536000, "{YYYY}", null, null, null, null, null, null, 1],
    [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  ];
  const drawn = new Map();

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function range(chart) {
    return (_plot, low, high) => {
      if (low === null) return [0, 1];
      if (chart.log) return [low * 0.8, high * 1.25];
      const margin = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
      return [chart.lowest ?? low - margin, chart.highest ?? high + margin];
    };
  }

  function axis(label, size, keep = (_plot, places) => places) {
    return {
      label, size, labelSize: 22, labelGap: 2, stroke: colour("--soft"),
      font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
      grid: { stroke: colour("--line"), width: 1, filter: keep }, ticks: { stroke: colour("--line"), width: 1 },
    };
  }

  function powers(_plot, places) {
    return places.map((place) => (Number.isInteger(Math.log10(place)) ? place : null));
  }

  function lines(chart) {
    const styles = [
      { stroke: colour("--accent"), width: 1, points: { size: 5 } },
      { stroke: colour("--second"), width: 2, dash: [6, 4], points: { show: false } },
      { stroke: colour("--bad"), paths: () => null, points: { show: true, size: 8 } },
    ];
    return chart.labels.map((label, index) => ({ label, spanGaps: true, ...styles[index] }));
  }

  function read(chart, plot, place, otherwise) {
    const index = plot.cursor.idx;
    if (index === null || index === undefined) {
      place.textContent = otherwise;
      return;
    }
    const time = new Date(chart.data[0][index] * 1000).toISOString();
    const values = chart.labels
      .map((label, number) => [label, chart.data[number + 1][index]])
      .filter(([, value]) => value !== null)
      .map(([label, value]) => `${label} ${value.toFixed(chart.digits)}`);
    place.textContent = `${time.slice(0, 16).replace("T", " ")}: ${values.join(", ")} (${chart.y})`;
  }

  function draw(box) {
    const chart = JSON.parse(document.getElementById(`${box.id}-data`).textContent);
    const place = document.getElementById(`${box.id}-readout`);
    const otherwise = place.textContent;
    const options = {
      width: box.clientWidth, height: HEIGHT, legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { sync: { key: chart.group }, y: false },
      scales: { x: { time: true }, y: { range: range(chart), distr: chart.log ? 3 : 1 } },
      axes: [{ ...axis(chart.x, 44), values: WORDS }, axis(chart.y, 56, chart.log ? powers : undefined)],
      series: [{}, ...lines(chart)],
      hooks: { setCursor: [(plot) => read(chart, plot, place, otherwise)] },
    };
    drawn.set(box, new uPlot(options, chart.data, box));
  }

  function redraw() {
    for (const [box, plot] of drawn) {
      plot.setCursor({ left: -10, top: -10 });
      plot.destroy();
      draw(box);
    }
  }

  const resized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const plot = drawn.get(target);
      if (plot && contentRect.width && contentRect.width !== plot.width) {
        plot.setSize({ width: contentRect.width, height: HEIGHT });
      }
    }
  });

  for (const box of document.querySelectorAll(".chart")) {
    draw(box);
    resized.observe(box);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();

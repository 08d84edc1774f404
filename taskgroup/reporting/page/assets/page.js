// Draws each figure from the JSON beside its place, in the colours of the reader's theme.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const places = [];

function ink() {
  return getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
}

function repaint(changes) {
  for (const place of places) {
    Plotly.relayout(place, { "font.color": ink(), ...changes });
  }
}

for (const source of document.querySelectorAll("script[data-plot]")) {
  const place = document.getElementById(source.dataset.plot);
  const figure = JSON.parse(source.textContent);
  figure.layout.font.color = ink();
  const config = { responsive: true, displayModeBar: false };
  Plotly.newPlot(place, figure.data, figure.layout, config);
  places.push(place);
}

dark.addEventListener("change", () => repaint({}));

// Paper is white and narrower than most screens.
const PAPER_WIDTH = 680;
window.addEventListener("beforeprint", () => {
  for (const place of places) {
    const width = Math.min(place.offsetWidth, PAPER_WIDTH);
    Plotly.relayout(place, { "font.color": "#1c2126", width });
  }
});
window.addEventListener("afterprint", () => repaint({ width: null, autosize: true }));

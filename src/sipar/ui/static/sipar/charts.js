"use strict";
// Draws every [data-chart] from its JSON block, without eval (vega-interpreter), in the colours of the theme.
(() => {
  // Variables, not values: theme and paper then recolour a chart without drawing it again.
  const text = "var(--sp-text)", muted = "var(--sp-muted)", line = "var(--sp-line)", accent = "var(--sp-accent)";
  const colours = {
    background: "transparent",
    text: { fill: text },
    rule: { stroke: muted },
    line: { stroke: accent },
    point: { fill: accent },
    bar: { fill: accent, stroke: "var(--sp-edge)", strokeWidth: 1 },
    axis: { labelColor: text, titleColor: muted, domainColor: line, tickColor: line, gridColor: line },
    legend: { labelColor: text, titleColor: muted },
    header: { labelColor: text, titleColor: muted },
  };
  const merged = (base, over) => {
    const result = { ...base };
    for (const [key, value] of Object.entries(over)) result[key] = value && typeof value === "object" && !Array.isArray(value) ? merged(base?.[key] ?? {}, value) : value;
    return result;
  };

  const draw = async (place) => {
    const block = document.getElementById(place.dataset.chart);
    const data = place.parentElement.querySelector(".sp-chart-data");
    try {
      const spec = JSON.parse(block.textContent);
      delete spec.title; // the page shows the sentence as text
      spec.config = merged(spec.config ?? {}, colours);
      if (place.parentElement.querySelector(".sp-key")) { // the page shows the scale as text
        for (const layer of spec.layer ?? [spec]) if (layer.encoding?.color) layer.encoding.color.legend = null;
      }
      place.hidden = false;
      const compiled = vegaLite.compile(spec).spec;
      const view = new vega.View(vega.parse(compiled, null, { ast: true }), { expr: vega.expressionInterpreter, renderer: "svg", container: place, hover: true, logLevel: vega.Error });
      place.siparView?.finalize();
      place.siparView = view;
      await view.runAsync();
    } catch (error) {
      place.hidden = true; // the table says the same
      if (data) data.open = true;
      console.error("chart", place.dataset.chart, error);
    }
  };
  const all = () => { for (const place of document.querySelectorAll("[data-chart]")) draw(place); };
  const ready = document.fonts?.ready ?? Promise.resolve();
  ready.then(all);
  document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) for (const place of event.detail.elt.querySelectorAll("[data-chart]")) draw(place); });
})();

/// <reference lib="dom" />
/**
 * Runs in the browser; see draw_chart.ts.
 *
 * @module
 */
import type { PageData } from "../page_data.ts";
import type { drawChart, DrawnChart, Plot } from "./draw_chart.ts";
import type { showGrids } from "./show_grids.ts";

/** Fills the page with its data, and with later data where a server serves it. */
export function startPage(
  Plot: Plot,
  parts: { drawChart: typeof drawChart; showGrids: typeof showGrids },
): void {
  const find = (id: string) => document.getElementById(id)!;
  const drawn = new Map<string, { labels: string; figure: HTMLElement; chart: DrawnChart }>();
  const samples = document.getElementById("samples");
  const setGrids = samples ? parts.showGrids(samples) : undefined;

  function show({ tiles, charts, grids }: PageData): void {
    find("tiles").replaceChildren(...tiles.map(({ label, value, note }) => {
      const tile = document.createElement("div");
      for (const [tag, text] of [["dt", label], ["dd", value], ["dd", note ?? ""]]) {
        const element = document.createElement(tag);
        element.textContent = text;
        tile.append(element);
      }
      return tile;
    }));
    for (const chart of charts) {
      const labels = chart.lines.map(({ label }) => label).join("\n");
      const known = drawn.get(chart.title);
      if (known?.labels === labels) {
        known.chart.update(chart);
        continue;
      }
      // The first time, or there is a line more: validation's first value, say.
      const figure = document.createElement("figure");
      figure.className = chart.wide ? "card wide" : "card";
      if (known) known.figure.replaceWith(figure);
      else if (chart.wide) find("charts").prepend(figure);
      else find("charts").append(figure);
      const one = parts.drawChart(Plot, figure, chart);
      drawn.set(chart.title, { labels, figure, chart: one });
    }
    setGrids?.(grids);
  }

  async function ask(): Promise<void> {
    const status = find("status");
    try {
      // The browser sends the tag of its copy, and returns that copy where nothing is new.
      const answer = await fetch("data.json", { cache: "no-cache" });
      if (!answer.ok) throw new Error(await answer.text());
      show(await answer.json());
      status.textContent = "Live";
    } catch {
      status.textContent = "Not connected: the program has ended";
    }
  }

  show(JSON.parse(find("data").textContent!));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => drawn.forEach(({ chart }) => chart.repaint()));
  if (!document.getElementById("status")) return;
  setInterval(() => document.hidden || ask(), 2000);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
}

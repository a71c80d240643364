/// <reference lib="dom" />
/**
 * Runs in the browser: pages hold the text of these functions, so each uses only its arguments.
 *
 * @module
 */
import type uPlot from "uplot";
import type { Chart, Line } from "../chart.ts";

/** The chart library's class. */
export type Plot = typeof uPlot;

/** A chart on the page. */
export interface DrawnChart {
  /** Shows other values of the same lines. */
  update(chart: Chart): void;
  /** Takes the colors from the page again. */
  repaint(): void;
}

/**
 * Draws a chart into a figure: its lines' names are buttons that hide and show them, and arrow keys
 * move from value to value.
 */
export function drawChart(Plot: Plot, figure: HTMLElement, chart: Chart): DrawnChart {
  let shown = chart;
  let log = chart.log && spans(chart, 10);
  const hidden = new Set<number>();
  const caption = add("figcaption", figure, "");
  add("span", caption, "title").textContent = chart.title;
  const at = add("span", caption, "at");
  const toggle = chart.log ? add("button", caption, "toggle") : undefined;
  const box = add("div", figure, "plot");
  box.tabIndex = 0;
  box.setAttribute("role", "img");
  const names = add("div", figure, "names");
  const said = add("div", figure, "unseen");
  said.setAttribute("aria-live", "polite");
  let plot: uPlot;

  function add<K extends keyof HTMLElementTagNameMap>(tag: K, parent: HTMLElement, name: string) {
    const element = document.createElement(tag);
    element.className = name;
    parent.append(element);
    return element;
  }

  function known(line: Line): number[] {
    return line.values.filter((value) => value !== null);
  }

  function spans({ lines }: Chart, times: number): boolean {
    const all = lines.flatMap(known).filter((value) => value > 0);
    return Math.max(...all) > times * Math.min(...all);
  }

  function word(value: number | null | undefined): string {
    if (value === null || value === undefined) return "–";
    if (chart.percent) return `${Number((100 * value).toPrecision(3))} %`;
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e6)
      ? value.toExponential(1).replace(/\.0e/, "e").replace("e+", "e")
      : Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  }

  function stepWord(step: number): string {
    return step >= 1e6
      ? `${Number((step / 1e6).toPrecision(3))}M`
      : step >= 1e4
      ? `${Number((step / 1e3).toPrecision(3))}k`
      : String(step);
  }

  /** The values under the cursor, or the last ones. */
  function read(index: number | null | undefined): void {
    const here = typeof index === "number";
    at.textContent = here ? `step ${shown.steps[index].toLocaleString("en-US")}` : "";
    shown.lines.forEach((line, i) => {
      // Where this step has no value, the last one before it counts.
      let row = here ? index : line.values.length - 1;
      while (row > 0 && line.values[row] === null) row--;
      names.querySelectorAll("output")[i].textContent = word(line.values[row]);
    });
  }

  function data(): uPlot.AlignedData {
    const fit = (values: readonly (number | null)[]) =>
      values.map((value) => log && value !== null && value <= 0 ? null : value);
    return [
      [...shown.steps],
      ...shown.lines.flatMap((
        { values, low, high },
      ) => [fit(values), ...low && high ? [fit(low), fit(high)] : []]),
    ];
  }

  function build(): void {
    plot?.destroy();
    const css = getComputedStyle(figure);
    const colour = (name: string) => css.getPropertyValue(name).trim();
    const series: uPlot.Series[] = [{}];
    const bands: uPlot.Band[] = [];
    shown.lines.forEach((line, i) => {
      const stroke = colour(`--c${(line.colour - 1) % 6 + 1}`);
      const show = !hidden.has(i);
      const dots = line.style === "dots" && known(line).length <= 80;
      series.push({
        show,
        stroke: line.style === "faint" ? stroke + "66" : stroke,
        width: line.style === "bold" ? 2.2 : line.style === "faint" ? 1 : 1.6,
        spanGaps: true,
        points: { show: dots || line.values.length === 1, size: 6, fill: stroke, stroke },
      });
      if (!line.low) return;
      const edge = { show, width: 0, spanGaps: true, points: { show: false } };
      bands.push({ series: [series.length + 1, series.length], fill: stroke + "26" });
      series.push(edge, edge);
    });
    const axis = {
      stroke: colour("--soft"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: colour("--grid"), width: 1 },
      ticks: { show: false },
    };
    plot = new Plot(
      {
        width: box.clientWidth || 320,
        height: height(),
        series,
        bands,
        legend: { show: false },
        cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
        scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            values: (_, all) => all.map(stepWord),
            space: 60,
            size: 28,
          },
          {
            ...axis,
            // As wide as the longest number, such as 0.075 %, and alike on most charts.
            size: (_, all) =>
              Math.max(52, 16 + 7 * Math.max(0, ...(all ?? []).map((text) => text?.length ?? 0))),
            // A logarithmic axis names a few of its lines only.
            values: (_, all) => all.map((value) => value === null ? "" : word(value)),
          },
        ],
        hooks: { setCursor: [(u) => read(u.cursor.left! >= 0 ? u.cursor.idx : undefined)] },
      },
      data(),
      box,
    );
    toggle?.setAttribute("aria-pressed", String(log));
    describe();
  }

  function height(): number {
    return chart.wide ? Math.max(220, Math.min(340, box.clientWidth * 0.42)) : 190;
  }

  function describe(): void {
    const [first, last] = [shown.steps[0], shown.steps.at(-1)];
    const lines = shown.lines.map((line) => {
      const all = known(line);
      return `${line.label} from ${word(all[0])} to ${word(all.at(-1))}, ` +
        `lowest ${word(Math.min(...all))}, highest ${word(Math.max(...all))}`;
    });
    box.setAttribute(
      "aria-label",
      `${chart.title}, steps ${first} to ${last}. ${lines.join(". ")}. Arrow keys read values.`,
    );
  }

  chart.lines.forEach(({ label, colour, style }, i) => {
    const button = add("button", names, `name ${style}`);
    button.style.setProperty("--dot", `var(--c${(colour - 1) % 6 + 1})`);
    button.setAttribute("aria-pressed", "true");
    add("span", button, "").textContent = label;
    add("output", button, "");
    button.onclick = () => {
      if (!hidden.delete(i)) hidden.add(i);
      button.setAttribute("aria-pressed", String(!hidden.has(i)));
      build();
    };
  });
  if (toggle) {
    toggle.textContent = "Log scale";
    toggle.onclick = () => {
      log = !log;
      build();
    };
  }
  box.onkeydown = ({ key }) => {
    const last = shown.steps.length - 1;
    const index = plot.cursor.left! >= 0 ? plot.cursor.idx ?? last : last + 1;
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[key];
    if (to === undefined) return;
    const row = Math.max(0, Math.min(last, to));
    plot.setCursor({ left: Math.max(0, plot.valToPos(shown.steps[row], "x")), top: 10 });
    read(row);
    said.textContent = `${at.textContent}: ${
      [...names.children].map((name) =>
        [...name.children].map((part) => part.textContent).join(" ")
      )
        .join(", ")
    }`;
    return false;
  };
  box.onblur = () => plot.setCursor({ left: -10, top: -10 });
  build();
  read(undefined);
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: height() })).observe(box);
  return {
    update(next) {
      shown = next;
      plot.setData(data());
      describe();
      if (plot.cursor.left! < 0) read(undefined);
    },
    repaint: build,
  };
}

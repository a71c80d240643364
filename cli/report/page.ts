/**
 * Self-contained pages: text, style, data, the chart library, and the drawing code.
 *
 * @module
 */
import { escaped } from "../../src/formats/markup.ts";
import { drawChart } from "./client/draw_chart.ts";
import { showGrids } from "./client/show_grids.ts";
import { startPage } from "./client/start_page.ts";
import type { Grid, PageData } from "./page_data.ts";
import { STYLE } from "./style.ts";

/** Texts under a heading. */
export interface PageTable {
  readonly title: string;
  /** Names of the columns; without them each row is a name next to its values. */
  readonly head?: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Parts of a page. */
export interface Page {
  /** The command that makes it; "rin" by default. */
  readonly generator?: string;
  readonly title: string;
  readonly subtitle: string;
  readonly data: PageData;
  readonly tables: readonly PageTable[];
  /** Grids to show side by side, instead of one at a time. */
  readonly pictures?: readonly Grid[];
  /** Whether the page is served, and asks for updates. */
  readonly live?: boolean;
}

/** Nothing from elsewhere is loaded, and a served page asks its own server only. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
  "img-src data: 'self'; connect-src 'self'";

/** A page as HTML. */
export async function renderPage(page: Page): Promise<string> {
  const { generator = "rin", title, subtitle, data, tables, live = false } = page;
  const library = await chartLibrary();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
${generatorTag(generator)}
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${library.style}${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
${live ? '<span id="status" role="status">Live</span>' : ""}
<p>${escaped(subtitle)}</p>
</header>
<main>
<noscript><p>The curves are drawn by a script in this page, which is switched off.</p></noscript>
<dl id="tiles"></dl>
<div id="charts">
${page.pictures ? pictures(page.pictures) : SAMPLES}
</div>
<div class="rest">
${tables.map(tableHtml).join("\n")}
</div>
</main>
<script type="application/json" id="data">${json(data)}</script>
<script>${library.script}</script>
<script>(${startPage})(uPlot, { drawChart: ${drawChart}, showGrids: ${showGrids} });</script>
</body>
</html>
`;
}

/** The tag in a page that names its generator. */
export function generatorTag(generator: string): string {
  return `<meta name="generator" content="${escaped(generator)}">`;
}

/** Its text is read when a page is made, so that no other command waits for it. */
async function chartLibrary(): Promise<{ script: string; style: string }> {
  const [script, style] = await Promise.all([
    import("uplot/dist/uPlot.iife.min.js", { with: { type: "text" } }),
    import("uplot/dist/uPlot.min.css", { with: { type: "text" } }),
  ]);
  return { script: script.default, style: style.default };
}

const SAMPLES = `<section id="samples" class="card" hidden>
<h2>Samples</h2>
<img alt="">
<label><output></output><input type="range" min="0" aria-label="Grid of samples"></label>
</section>`;

function pictures(grids: readonly Grid[]): string {
  if (grids.length === 0) return "";
  const figures = grids.map(({ caption, src }) =>
    `<figure><img src="${escaped(src)}" alt="Grid of samples: ${escaped(caption)}">` +
    `<figcaption>${escaped(caption)}</figcaption></figure>`
  );
  return `<section class="card wide"><h2>Last samples</h2>
<div class="pictures">${figures.join("\n")}</div></section>`;
}

function tableHtml({ title, head, rows }: PageTable): string {
  return `<section class="card wide"><h2>${escaped(title)}</h2>${
    head ? columns(head, rows) : facts(rows)
  }</section>`;
}

function columns(head: readonly string[], rows: PageTable["rows"]): string {
  const body = rows.map(([first, ...others]) => {
    const cells = others.map((cell) => `<td>${escaped(cell)}</td>`);
    return `<tr><th scope="row">${escaped(first)}</th>${cells.join("")}</tr>`;
  });
  const top = head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join("");
  return `<div class="scroll" tabindex="0"><table><thead><tr>${top}</tr></thead>
<tbody>${body.join("\n")}</tbody></table></div>`;
}

function facts(rows: PageTable["rows"]): string {
  const long = rows.some(([, value]) => value.length > 60) && rows.length < 10;
  const all = rows.map(([name, value]) =>
    `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`
  );
  return `<dl class="facts${long ? " long" : ""}">${all.join("\n")}</dl>`;
}

/** Data as JSON that no browser takes for markup, whatever texts it holds. */
function json(data: PageData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

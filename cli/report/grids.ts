/**
 * The grids of samples that a page shows.
 *
 * @module
 */
import { samplePath } from "../../src/run/sample_files.ts";
import type { Grid } from "./page_data.ts";
import type { RunView } from "./run_view.ts";

/** Grids in a file at most, and their bytes together at most. */
const MOST_EMBEDDED = 24, MOST_BYTES = 6_000_000;

/** Grids on a served page at most. */
const MOST_LINKED = 200;

/** `count` of all, evenly spread, with the first and the last; the last one where it is only one. */
export function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  const apart = (all.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => all[all.length - 1 - Math.round(i * apart || 0)])
    .reverse();
}

/** Grids inside the page: as many as it can hold, the last one in any case. */
export async function embeddedGrids({ folder, samples }: RunView): Promise<Grid[]> {
  const sizes = new Map<number, number>();
  for (const step of samples) {
    sizes.set(step, await Deno.stat(samplePath(folder, step)).then((info) => info.size, () => 0));
  }
  let count = MOST_EMBEDDED;
  const bytes = (steps: number[]) => steps.reduce((sum, step) => sum + sizes.get(step)!, 0);
  while (count > 1 && bytes(spread(samples, count)) > MOST_BYTES) count--;
  return embed(folder, spread(samples, count));
}

/** Grids that the page asks the server for. */
export function linkedGrids({ samples }: RunView): Grid[] {
  return spread(samples, MOST_LINKED).map((step) => ({
    caption: caption(step),
    src: `samples/${step}.png`,
  }));
}

/** The grid of the last step, inside the page; none where there is none. */
export async function lastGrid({ folder, samples }: RunView, name: string): Promise<Grid[]> {
  const step = samples.at(-1);
  return step === undefined ? [] : await embed(folder, [step], (words) => `${name}: ${words}`);
}

async function embed(
  folder: string,
  steps: readonly number[],
  label = (words: string) => words,
): Promise<Grid[]> {
  const grids: Grid[] = [];
  for (const step of steps) {
    // A running training can have removed it just now.
    const png = await Deno.readFile(samplePath(folder, step)).catch(() => undefined);
    if (!png) continue;
    grids.push({ caption: label(caption(step)), src: `data:image/png;base64,${png.toBase64()}` });
  }
  return grids;
}

function caption(step: number): string {
  return `Step ${step.toLocaleString("en-US")}`;
}

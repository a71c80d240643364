/**
 * The page of a run.
 *
 * @module
 */
import { embeddedGrids, linkedGrids } from "./grids.ts";
import { type Page, renderPage } from "./page.ts";
import { pageDataOf } from "./page_data.ts";
import type { RunView } from "./run_view.ts";

/** A run's page in one file, with its samples in it. */
export async function standalonePage(view: RunView): Promise<string> {
  const data = pageDataOf(view, await embeddedGrids(view));
  return renderPage({ ...frame(view), data });
}

/** A run's page for the server: it asks for its samples and for new data. */
export function livePage(view: RunView): Promise<string> {
  return renderPage({ ...frame(view), data: pageDataOf(view, linkedGrids(view)), live: true });
}

function frame({ name, config, sessions }: RunView): Omit<Page, "data"> {
  const { imageSize, frames, preset, data } = config;
  const clips = Number(frames) > 1 ? `, clips of ${frames} frames` : "";
  const settings = Object.entries(config).map(([key, value]) => [key, valueText(value)]);
  const began = sessions.map(({ step, time, device, rin, deno }) => [
    step === 0 ? "Begun" : `Resumed after step ${step.toLocaleString("en-US")}`,
    `${time.replace("T", " ").replace(/\.\d+Z$/, " UTC")}, ${device}, rin ${rin}, Deno ${deno}`,
  ]);
  return {
    title: name,
    subtitle: `A RIN of ${imageSize} pixels${clips}, preset ${preset}, data ${data}`,
    tables: [
      ...began.length > 0 ? [{ title: "Device", rows: began }] : [],
      { title: "Settings", rows: settings },
    ],
  };
}

/** A setting's value in words. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

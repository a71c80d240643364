/// <reference lib="dom" />
/**
 * Runs in the browser; see draw_chart.ts.
 *
 * @module
 */
import type { Grid } from "../page_data.ts";

/**
 * Shows one of the grids, chosen with a slider; the last one at first.
 *
 * @returns a function to call with the grids when there are more
 */
export function showGrids(root: HTMLElement): (grids: readonly Grid[]) => void {
  const find = <T extends HTMLElement>(selector: string) => root.querySelector<T>(selector)!;
  const image = find<HTMLImageElement>("img");
  const [slider, words] = [find<HTMLInputElement>("input"), find<HTMLElement>("output")];
  let all: readonly Grid[] = [];
  const show = () => {
    const grid = all[Number(slider.value)];
    if (!grid) return;
    if (image.getAttribute("src") !== grid.src) image.src = grid.src;
    image.alt = `Grid of samples: ${grid.caption}`;
    words.textContent = grid.caption;
    slider.setAttribute("aria-valuetext", grid.caption);
  };
  slider.oninput = show;
  return (grids) => {
    const atEnd = Number(slider.value) === all.length - 1 || all.length === 0;
    const seen = all[Number(slider.value)]?.src;
    all = grids;
    root.hidden = grids.length === 0;
    slider.parentElement!.hidden = grids.length < 2;
    slider.max = String(grids.length - 1);
    const same = grids.findIndex(({ src }) => src === seen);
    slider.value = String(atEnd || same < 0 ? grids.length - 1 : same);
    show();
  };
}

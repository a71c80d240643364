// A run's folder without a run, and what a page of it holds.

import { gridPng } from "../../src/picture/pictures.ts";
import { write } from "../data/scratch.ts";
import { rgb } from "../helpers/rgb.ts";

/** Writes what a run of `steps` steps leaves, as far as pages read it. */
export async function writeRun(
  folder: string,
  { steps, grids = 0, size = 8, config = {} }: {
    steps: number;
    grids?: number;
    size?: number;
    config?: Record<string, unknown>;
  },
): Promise<void> {
  const fields = { preset: "faces", imageSize: 16, data: "faces", steps, lr: 0.01, ...config };
  await write(`${folder}/config.json`, JSON.stringify(fields));
  await write(
    `${folder}/metrics.jsonl`,
    Array.from({ length: steps }, (_, i) => {
      const [step, loss] = [i + 1, 2 / (i + 2)];
      const line = {
        step,
        loss,
        lossAverage: loss,
        lr: 0.01,
        gradientNorm: 1,
        imagesPerSecond: 50,
      };
      const moments = { x0: { mean: 0, std: 1 + Math.sin(i) }, latents: { mean: 0, std: 2 } };
      return JSON.stringify({ ...line, dataWait: 0.01, moments }) + "\n" +
        (step % 10 === 0 ? JSON.stringify({ step, validLoss: loss + 0.01 }) + "\n" : "");
    }).join(""),
  );
  const noise = Float32Array.from({ length: 4 * 3 * size * size }, (_, i) => Math.sin(i * i));
  for (let i = 1; i <= grids; i++) {
    const step = Math.round(i * steps / grids);
    const path = `${folder}/samples/step-${String(step).padStart(6, "0")}.png`;
    await write(path, gridPng(noise, rgb(size)));
  }
}

/** The data that a page holds. */
export function dataIn(html: string) {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]);
}

/**
 * The network's time input, computed on the host in float64: float32 on a device need not be exact
 * enough for the sine of 1000 t.
 *
 * @module
 */
import type { RinConfig } from "./config.ts";

/** Factor on times before their sinusoidal embedding, as in the paper. */
const SCALE = 1000;

/** Numbers that the network is given for each time: t itself, or its embedding. */
export function timeWidth({ timeConditioning, latentDim }: RinConfig): number {
  return timeConditioning === "add" ? 1 : 2 * Math.ceil(latentDim / 8);
}

/**
 * The network's input for times (B), t or gamma in [0, 1] as `timeInput` says: rows (B, timeWidth).
 *
 * With the time as a token, a row of width w (a quarter of `latentDim`) holds sin(1000 t f_i), then
 * cos(1000 t f_i), for the frequencies f_i = 10000^(-2i/w), brought to mean 0 and variance 1: as in
 * the paper's code (google-research/pix2seq, `ScalarEmbedding`).
 */
export function timeRows(config: RinConfig, times: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const width = timeWidth(config);
  const rows = new Float32Array(times.length * width);
  for (let b = 0; b < times.length; b++) {
    rows.set(
      width === 1 ? [times[b]] : standardized(embedding(SCALE * times[b], width)),
      b * width,
    );
  }
  return rows;
}

function embedding(position: number, width: number): number[] {
  const angles = Array.from({ length: width / 2 }, (_, i) => position / 10000 ** (2 * i / width));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}

function standardized(values: number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / Math.sqrt(variance));
}

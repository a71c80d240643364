// Float64 references of convolution and pooling on images (batch, height, width, channels).

/** A window, as the kernels take it. */
export interface ReferenceWindow {
  batch: number;
  height: number;
  width: number;
  channels: number;
  kernel: readonly [number, number];
  stride: number;
  padding: readonly [number, number];
}

/** Calls `visit` with each pixel of the result and the values of a channel under its window. */
function slide(
  x: ArrayLike<number>,
  w: ReferenceWindow,
  visit: (pixel: number, channel: number, taps: (number | undefined)[]) => void,
): [number, number] {
  const tall = Math.floor((w.height + 2 * w.padding[0] - w.kernel[0]) / w.stride) + 1;
  const wide = Math.floor((w.width + 2 * w.padding[1] - w.kernel[1]) / w.stride) + 1;
  let pixel = 0;
  for (let b = 0; b < w.batch; b++) {
    for (let y = 0; y < tall; y++) {
      for (let z = 0; z < wide; z++, pixel++) {
        for (let c = 0; c < w.channels; c++) {
          const taps: (number | undefined)[] = [];
          for (let i = 0; i < w.kernel[0]; i++) {
            for (let j = 0; j < w.kernel[1]; j++) {
              const row = y * w.stride - w.padding[0] + i;
              const column = z * w.stride - w.padding[1] + j;
              const inside = row >= 0 && row < w.height && column >= 0 && column < w.width;
              taps.push(
                inside ? x[((b * w.height + row) * w.width + column) * w.channels + c] : undefined,
              );
            }
          }
          visit(pixel, c, taps);
        }
      }
    }
  }
  return [tall, wide];
}

/** (pixels, kernel height, kernel width, channels). */
export function unfoldReference(x: ArrayLike<number>, window: ReferenceWindow): number[] {
  const { kernel: [tall, wide], channels } = window;
  const out: number[] = [];
  slide(x, window, (pixel, c, taps) => {
    taps.forEach((value, tap) => out[(pixel * tall * wide + tap) * channels + c] = value ?? 0);
  });
  return out;
}

/** (pixels, channels); the padding doesn't count. */
export function poolReference(
  x: ArrayLike<number>,
  window: ReferenceWindow,
  kind: "max" | "mean",
): number[] {
  const out: number[] = [];
  slide(x, window, (pixel, c, taps) => {
    const known = taps.filter((value) => value !== undefined);
    out[pixel * window.channels + c] = kind === "max"
      ? Math.max(...known)
      : known.reduce((a, b) => a + b, 0) / known.length;
  });
  return out;
}

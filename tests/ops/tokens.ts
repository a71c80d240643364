// Patches, and rows of tokens and latents outside of the layers.

import { data } from "../helpers/close.ts";
import { depatchify, patchify } from "../reference/patches.ts";
import { of, type OpCase, unwritten, words } from "./case.ts";

// One rounding of a sum of two normals.
const ROUNDING = 1e-7;

/** Batch, (frames,) height, width; sides of a patch along the axes; channels. */
const PATCHED: [batch: number, axes: number[], patch: number[], channels?: number][] = [
  [1, [1, 1], [1, 1]],
  [2, [6, 6], [3, 3]],
  [3, [8, 8], [4, 4]],
  [2, [10, 10], [2, 2]],
  [1, [24, 24], [8, 8]],
  [2, [4, 6], [4, 3]],
  [2, [6, 4, 10], [3, 2, 5]],
  [1, [5, 3, 3], [1, 3, 3]],
  [3, [4, 8, 8], [4, 1, 2]],
  [5, [66, 35], [6, 5]],
  [2, [6, 9], [3, 3], 1],
  [3, [8, 12], [4, 2], 4],
  [2, [2, 6, 4], [2, 3, 2], 4],
];

const patches = PATCHED.flatMap(([batch, lengths, sides, channels = 3]): OpCase[] => {
  const axes = lengths.map((length, axis) => ({ length, patch: sides[axis] }));
  const [across, down, time] = axes.toReversed();
  const size = batch * channels * lengths.reduce((a, b) => a * b, 1);
  const features = channels * sides.reduce((a, b) => a * b, 1);
  const shape = {
    batch,
    channels,
    frames: time?.length,
    height: down.length,
    width: across.length,
    patchFrames: time?.patch,
    patch: [down.patch, across.patch],
  };
  const image = data(size, 49);
  const pixels = [batch, channels, ...lengths];
  const tokens = [batch, size / batch / features, features];
  return ([
    ["patchify", pixels, tokens, patchify],
    ["depatchify", tokens, pixels, depatchify],
  ] as const).map(([name, from, to, reference]): OpCase<"patchify" | "depatchify"> => ({
    name,
    title: `${batch} of ${channels} x ${lengths} by ${sides}`,
    sizes: { batch, channels, axes },
    operands: { x: of(image, ...from), y: unwritten(...to) },
    expected: { y: { values: reference(image, shape), tolerance: 0 } },
  }));
});

const SHAPES = [[1, 1], [3, 7], [2, 12], [5, 36], [40, 9], [1, 64], [3, 7001]];

const rows = SHAPES.flatMap(([outer, inner]) =>
  [false, true].map((warm): OpCase<"addRows"> => {
    const [x, table, previous] = [outer * inner, inner, outer * inner].map((n, i) =>
      data(n, 67 + i)
    );
    const mask = Array.from({ length: outer }, (_, i) => [0.5, 0, 1][i % 3]);
    const y = x.map((value, i) =>
      value + table[i % inner] + (warm ? mask[Math.floor(i / inner)] * previous[i] : 0)
    );
    return {
      name: "addRows",
      title: `${outer} x ${inner}${warm ? ", previous" : ""}`,
      sizes: { outer, inner },
      operands: {
        x: of(x, outer, inner),
        table: of(table),
        ...warm && { previous: of(previous, outer, inner), mask: of(mask) },
        y: unwritten(outer, inner),
      },
      expected: { y: { values: y, tolerance: warm ? 3 * ROUNDING : 0 } },
    };
  })
);

const BEGUN = [[1, 1, 1], [3, 5, 7], [4, 10, 12], [2, 3, 128], [3, 61, 131]];

const begun = BEGUN.flatMap(([batch, m, d]) =>
  [false, true].map((warm): OpCase<"beginLatents"> => {
    const [start, time] = [data(m * d, 46), data(batch * d, 47)];
    const previous = data(batch * m * d, 48);
    const mask = Array.from({ length: batch }, (_, b) => b % 2);
    const y = previous.map((value, i) => {
      const b = Math.floor(i / (m * d));
      return start[i % (m * d)] + time[b * d + i % d] + (warm ? mask[b] * value : 0);
    });
    return {
      name: "beginLatents",
      title: `${batch} x ${m} x ${d}${warm ? ", previous" : ""}`,
      sizes: { batch, m, d },
      operands: {
        start: of(start, m, d),
        time: of(time, batch, d),
        ...warm && { previous: of(previous, batch, m, d), mask: of(mask) },
        y: unwritten(batch, m, d),
      },
      expected: { y: { values: y, tolerance: 3 * ROUNDING } },
    };
  })
);

const JOINED = [[1, 2, 1], [3, 5, 7], [2, 4, 12], [3, 61, 131]];

const joined = JOINED.flatMap(([batch, m, d]) =>
  (m > 2 ? [1, 2] as const : [1] as const).flatMap((tokens) =>
    [false, true].map((warm): OpCase<"joinLatents"> => {
      const start = data((m - tokens) * d, 60);
      const token = [data(batch * d, 61), data(batch * d, 62)];
      const previous = data(batch * m * d, 63);
      const mask = [1, 0, 0.5].slice(0, batch);
      const y = previous.map((value, i) => {
        const [b, row, k] = [Math.floor(i / (m * d)), Math.floor(i / d) % m, i % d];
        const own = m - tokens;
        const z = row < own ? start[row * d + k] : token[row - own][b * d + k];
        return z + (warm ? mask[b] * value : 0);
      });
      return {
        name: "joinLatents",
        title: `${batch} x ${m} x ${d}, ${tokens}${warm ? ", previous" : ""}`,
        sizes: { batch, m, d, tokens },
        operands: {
          start: of(start, m - tokens, d),
          token0: of(token[0], batch, d),
          ...tokens === 2 && { token1: of(token[1], batch, d) },
          ...warm && { previous: of(previous, batch, m, d), mask: of(mask) },
          y: unwritten(batch, m, d),
        },
        expected: { y: { values: y, tolerance: warm ? 3 * ROUNDING : 0 } },
      };
    })
  )
);

const TABLES = [[1, 1, 1], [5, 3, 7], [6, 4, 12], [70, 2, 5], [9, 5, 4099]];

const gathered = TABLES.flatMap(([batch, n, d]): OpCase[] => {
  // Every fifth example takes a row that the table lacks.
  const rows = Uint32Array.from({ length: batch }, (_, i) => i % 5 === 4 ? n + i : (i * i) % n);
  const [table, dy] = [data(n * d, 64), data(batch * d, 65)];
  const y = Float64Array.from(dy, (_, i) => table[rows[Math.floor(i / d)] * d + i % d] ?? 0);
  const dtable = new Float64Array(n * d);
  dy.forEach((value, i) => {
    const at = rows[Math.floor(i / d)] * d + i % d;
    if (at < dtable.length) dtable[at] += value;
  });
  const title = `${batch} of ${n} x ${d}`;
  const forward: OpCase<"gatherRows"> = {
    name: "gatherRows",
    title,
    sizes: { batch, n, d },
    operands: { table: of(table, n, d), rows: words(rows), y: unwritten(batch, d) },
    expected: { y: { values: y, tolerance: 0 } },
  };
  const gradient: OpCase<"gatherRowsGradient"> = {
    name: "gatherRowsGradient",
    title,
    sizes: { batch, n, d },
    operands: { dy: of(dy, batch, d), rows: words(rows), dtable: unwritten(n, d) },
    expected: { dtable: { values: dtable, tolerance: 1e-6 } },
  };
  return [forward, gradient];
});

export const CASES: readonly OpCase[] = [...patches, ...rows, ...begun, ...joined, ...gathered];

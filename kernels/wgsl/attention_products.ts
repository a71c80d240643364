/**
 * The two products that attention and its gradients are made of, as WGSL: scores of the rows that a
 * workgroup owns with rows of the other side, and sums over these weighted by what became of the
 * scores.
 *
 * An invocation has a few of the rows that its workgroup owns, and shares them with its neighbors along x: of
 * the scores each has every 8th (16th, 32nd) row of the other side, of the sums every 8th quad of columns.
 * Both operands go through workgroup memory in slices of up to 8 quads, in blocks of 8 rows.
 * Every score and every sum adds in order, so that its bits don't depend on the tile.
 *
 * @module
 */
import type { AttentionSizes } from "../shapes.ts";
import { type AttentionTile, OTHERS, ownedBy } from "./attention_tiles.ts";
import { type Binding, LANES, laneWidth, unroll } from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";

/** A side of the attention. */
export type Side = "queries" | "keys";

/** A matrix of a side's rows: which buffer, and which of its columns. */
interface Rows {
  readonly buffer: Buffer;
  readonly side: Side;
  readonly stride: string;
  readonly start: string;
}

/** All that the kernels read and write, by the name that they call it: buffer, and where it lies. */
const MATRICES = {
  q: ["q", "q"],
  dq: ["dq", "q"],
  k: ["kv", "k"],
  v: ["kv", "v"],
  dk: ["dkv", "k"],
  dv: ["dkv", "v"],
  out: ["out", "out"],
  dout: ["dout", "out"],
} as const;

function rowsOf(name: Matrix): Rows {
  const [buffer, at] = MATRICES[name];
  const ofKeys = at === "k" || at === "v";
  return {
    buffer,
    side: ofKeys ? "keys" : "queries",
    stride: `p.${ofKeys ? "kv" : at}Stride`,
    start: `p.${at}Start`,
  };
}

/** Its name in a kernel. */
export type Matrix = keyof typeof MATRICES;

/** A buffer that holds some of them. */
export type Buffer = typeof MATRICES[Matrix][0];

/** Pads rows of workgroup memory, so that neighbors don't meet in a bank. */
const PAD = 1;

/** Rows, and quads of columns, of a block of workgroup memory: an invocation brings one of its quads. */
const BLOCK = 8;

/** Multiply-adds of scores that are written out one after another: more take too many registers. */
const UNROLLED = 128;

/** WGSL for one kernel. */
export interface Products {
  /** Uniform parameters that the text needs. */
  readonly params: Record<string, number>;
  /** The buffer of matrices to read, to be bound. */
  readonly read: (buffer: Buffer) => Binding;
  /** The buffer of matrices to write, to be bound. */
  readonly write: (buffer: Buffer) => Binding;
  /** Rows of the other side that an invocation has scores of, at once. */
  readonly each: number;
  /** A number for each row of an invocation. */
  readonly vector: string;
  /** Component `row` of such a vector. */
  readonly part: (vector: string, row: number) => string;
  /** The vector of expressions by row. */
  readonly vectorOf: (row: (row: number) => string) => string;
  /** Workgroups that own a part of the rows. */
  readonly tiles: number;
  /**
   * The kernel's text. Its body has x, y, the example b, the head h, and `first`, the first owned row
   * of workgroup `group`.
   */
  readonly text: (loaded: readonly Matrix[], stored: readonly Matrix[], body: string) => string;
  /** The other side's row of score `i` of an invocation. */
  readonly other: (i: number) => string;
  /** Declares `result`<row>_<other>: the scores of own rows of `a` with rows of `b` from `begin` on. */
  readonly scores: (result: string, a: Matrix, b: Matrix) => string;
  /** Statements for each score of an invocation. */
  readonly eachScore: (line: (row: number, other: number) => string) => string;
  /** After `sums`: adds up an invocation's weights, those of every 8th row of the other side. */
  readonly sumWeights: (sum: string) => string;
  /** Puts vectors by other row there. */
  readonly weigh: (value: (other: number) => string) => string;
  /** Declares the sums `name`. */
  readonly declareSums: (name: string) => string;
  /** Statements for each quad of sums. */
  readonly eachSum: (name: string, line: (quad: string, row: number) => string) => string;
  /**
   * Adds rows of `m` from `begin` on, before `end`, weighted, to the sums `name`. Doesn't bring m where
   * it is `there`: the last scores were with it, and all of it fits.
   */
  readonly sums: (name: string, m: Matrix, there: boolean) => string;
  /** Writes the sums, after `value`, to the rows of `m` of an `example`. */
  readonly store: (
    name: string,
    m: Matrix,
    value: (quad: string, row: number) => string,
    example?: string,
  ) => string;
  /** Sums over an invocation's share of 8 of the columns, of the products of rows of two matrices. */
  readonly ownDots: (result: string, a: Matrix, b: Matrix) => string;
  /** Statements for each own row that is there, once. */
  readonly eachRow: (line: (row: number, at: string) => string) => string;
  /** All that share rows leave a vector and take, in order, that of the first `count` of them. */
  readonly exchange: (
    value: string,
    count: number,
    fold: (other: string) => string,
  ) => string;
}

/** The text for an attention of which workgroups own rows of a side. */
export function products(
  shape: AttentionSizes,
  tile: AttentionTile,
  own: Side,
  types: OperandTypes<Buffer>,
): Products {
  const { heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart } = shape;
  const { rows, across } = tile;
  const owned = ownedBy(tile);
  const down = LANES / across;
  const otherSide = own === "queries" ? "keys" : "queries";
  const each = Math.ceil(Math.min(OTHERS, shape[otherSide]) / across);
  const [ownBlocks, otherBlocks] = [Math.ceil(owned / BLOCK), each * across / BLOCK];

  const width = laneWidth(d, qStride, qStart, kvStride, kStart, vStart);
  const inputOf = (buffer: Buffer) => input(buffer, width, types[buffer]);
  const outputOf = (buffer: Buffer) => output(buffer, width, types[buffer]);
  const quads = Math.ceil(d / 4);
  const slices = Math.ceil(quads / BLOCK);
  const slice = Math.ceil(quads / slices);
  // Sums for both k and v leave registers for less.
  const most = own === "keys" && rows === 4 ? 1 : Math.max(1, UNROLLED / (4 * rows * each));
  const steps = [8, 4, 2, 1].find((one) => one <= most && slice % one === 0)!;
  // Beyond the last column there is something else.
  const ragged = d % 4 !== 0 || slices * slice !== quads;

  const vector = rows === 1 ? "f32" : `vec${rows}<f32>`;
  const part = (name: string, row: number) => rows === 1 ? name : `${name}[${row}]`;
  const vectorOf = (row: (row: number) => string) => `${vector}(${unroll(rows, row, ", ")})`;

  // A constant index needs no check, so those that vary come first.
  const blocksOf = (type: string, count: number, together: number, columns: number) =>
    `array<array<array<array<${type}, ${columns + PAD}>, ${together}>, ${
      BLOCK / together
    }>, ${count}>`;
  const lineOf = (line: number | string, together: number) =>
    typeof line === "number"
      ? `[${Math.floor(line / together)}][${line % together}]`
      : `[${line} % ${BLOCK}u / ${together}u][${line} % ${together}u]`;
  const otherBlock = (i: number) =>
    across === BLOCK ? `${i}` : `x / ${BLOCK}u + ${i * across / BLOCK}u`;
  // Where there are 32 own rows the weights lie in their place, for nobody needs them by then.
  const weights = rows === 4 ? "own" : "weights";
  const weightAt = (block: string, line: number | string) =>
    `${weights}[${block}]${lineOf(line, 4)}[y]`;

  const at = ({ side, stride, start }: Rows, row: string) =>
    `(b * p.${side} + ${row}) * ${stride} + ${start} + h * ${d / width}u`;

  function loader(name: Matrix): string {
    const matrix = rowsOf(name);
    const { side } = matrix;
    const { at: valueAt } = inputOf(matrix.buffer);
    const one = (i: number) =>
      `select(0.0, ${valueAt(`start + 4u * quad + ${i}u`)}, 4u * quad + ${i}u < ${d}u)`;
    const value = width === 1
      ? `vec4<f32>(${unroll(4, one, ", ")})`
      : ragged
      ? `select(vec4<f32>(), ${valueAt("start + quad")}, quad < ${quads}u)`
      : valueAt("start + quad");
    return `fn load_${name}(b: u32, h: u32, row: u32, quad: u32) -> vec4<f32> {
  let start = ${at(matrix, `min(row, p.${side} - 1u)`)};
  return ${value};
}`;
  }

  function storer(name: Matrix): string {
    const matrix = rowsOf(name);
    const { side } = matrix;
    const { put } = outputOf(matrix.buffer);
    const one = (i: number) =>
      `if (4u * quad + ${i}u < ${d}u) { ${put(`start + 4u * quad + ${i}u`, `value[${i}]`)} }`;
    return `fn store_${name}(b: u32, h: u32, row: u32, quad: u32, value: vec4<f32>) {
  if (row >= p.${side} || quad >= ${quads}u) { return; }
  let start = ${at(matrix, "row")};
  ${width === 1 ? unroll(4, one) : put("start + quad", "value")}
}`;
  }

  const bring = (
    into: string,
    count: number,
    together: number,
    m: Matrix,
    from: string,
    slice: string,
  ) =>
    unroll(
      count,
      (i) =>
        `${into}[${i}]${lineOf("line", together)}[column] = load_${m}(b, h, ${from} + ${
          BLOCK * i
        }u + line, ${slice} + column);`,
    );
  const bringOther = (m: Matrix, slice: string) =>
    bring("other", otherBlocks, 4, m, "begin", slice);

  const eachScore = (line: (row: number, other: number) => string) =>
    unroll(rows, (row) => unroll(each, (other) => line(row, other), " "));
  const eachSum = (name: string, line: (quad: string, row: number, slice: number) => string) =>
    unroll(
      slices,
      (s) => unroll(rows, (r) => line(`${name}${s}_${r}`, r, s), " "),
    );
  const eachBlock =
    `for (var block = 0u; block < (min(${OTHERS}u, end - begin) + 7u) / 8u; block++)`;
  const ownRow = (row: number) => `first + y * ${rows}u + ${row}u`;
  const ownQuad = (row: number, s: number) => `h, ${ownRow(row)}, ${s * slice}u + x`;
  const tiles = Math.ceil(shape[own] / owned);

  return {
    tiles,
    params: {
      ...{ tiles, heads, queries, keys, slice, outStride: heads * d / width, outStart: 0 },
      ...{ qStride: qStride / width, qStart: qStart / width, kvStride: kvStride / width },
      ...{ kStart: kStart / width, vStart: vStart / width },
    },
    read: (buffer) => inputOf(buffer).binding,
    write: (buffer) => outputOf(buffer).binding,
    each,
    vector,
    part,
    vectorOf,
    text: (loaded, stored, body) =>
      [
        `var<workgroup> own: ${blocksOf("vec4<f32>", ownBlocks, rows, BLOCK)};`,
        `var<workgroup> other: ${blocksOf("vec4<f32>", otherBlocks, 4, BLOCK)};`,
        ...weights === "own"
          ? []
          : [`var<workgroup> weights: ${blocksOf(vector, otherBlocks, 4, down)};`],
        `var<workgroup> exchanged: array<array<${vector}, ${across}>, ${down}>;`,
        `fn dot_onto(a: vec4<f32>, b: vec4<f32>, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}`,
        ...loaded.map(loader),
        ...stored.map(storer),
        `@compute @workgroup_size(${across}, ${down})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let x = id.x;
  let y = id.y;
  let h = group.y;
  let b = group.z;
  let line = local / ${BLOCK}u;
  let column = local % ${BLOCK}u;
  let first = (group.x % p.tiles) * ${owned}u;
${body}
}
`,
      ].join("\n"),
    other: (i) => `begin + ${across * i}u + x`,
    scores: (result, a, b) => {
      const step = (quad: number) =>
        `{
        ${
          unroll(
            rows,
            (r) =>
              `let a${r} = own[y / ${BLOCK / rows}u][y % ${BLOCK / rows}u][${r}][quad + ${quad}u];`,
            " ",
          )
        }
        ${
          unroll(
            each,
            (c) => `let b${c} = other[${otherBlock(c)}]${lineOf("x", 4)}[quad + ${quad}u];`,
            " ",
          )
        }
        ${eachScore((r, c) => `${result}${r}_${c} = dot_onto(a${r}, b${c}, ${result}${r}_${c});`)}
      }`;
      return `${eachScore((r, c) => `var ${result}${r}_${c} = 0.0;`)}
    ${slices > 1 ? `for (var slice = 0u; slice < ${slices}u; slice++) {` : "{ let slice = 0u;"}
      workgroupBarrier();
      ${bring("own", ownBlocks, rows, a, "first", `slice * ${slice}u`)}
      ${bringOther(b, `slice * ${slice}u`)}
      workgroupBarrier();
      for (var quad = 0u; quad < p.slice; quad += ${steps}u) {
        ${unroll(steps, step)}
      }
    }`;
    },
    eachScore,
    weigh: (value) => unroll(each, (c) => `${weightAt(otherBlock(c), "x")} = ${value(c)};`),
    sumWeights: (sum) => `${eachBlock} { ${sum} += ${weightAt("block", "x")}; }`,
    declareSums: (name) => eachSum(name, (quad) => `var ${quad} = vec4<f32>();`),
    eachSum,
    sums: (name, m, there) =>
      unroll(slices, (s) => {
        const step = (line: number) =>
          `{
        let w = ${weightAt("block", line)}; let m = other[block]${lineOf(line, 4)}[x % ${BLOCK}u];
        ${
            unroll(
              rows,
              (r) => `${name}${s}_${r} = fma(vec4<f32>(${part("w", r)}), m, ${name}${s}_${r});`,
              " ",
            )
          }
      }`;
        return `${s > 0 ? "workgroupBarrier();" : ""}
    ${there && slices === 1 ? "" : bringOther(m, `${s * slice}u`)}
    workgroupBarrier();
    ${eachBlock} {
      ${unroll(BLOCK, step)}
    }`;
      }),
    store: (name, m, value, example = "b") =>
      `if (x < ${slice}u) {
    ${
        eachSum(
          name,
          (quad, r, s) => `store_${m}(${example}, ${ownQuad(r, s)}, ${value(quad, r)});`,
        )
      }
  }`,
    ownDots: (result, a, b) =>
      `${unroll(rows, (r) => `var ${result}${r} = 0.0;`, " ")}
  if (x < ${slice}u) {
    ${
        eachSum(result, (_, r, s) =>
          `${result}${r} = dot_onto(load_${a}(b, ${ownQuad(r, s)}), load_${b}(b, ${
            ownQuad(r, s)
          }), ${result}${r});`)
      }
  }`,
    eachRow: (line) =>
      `if (x == 0u) {
    ${unroll(rows, (r) => `if (${ownRow(r)} < p.${own}) { ${line(r, ownRow(r))} }`)}
  }`,
    exchange: (value, count, fold) =>
      `exchanged[y][x] = ${value};
    workgroupBarrier();
    ${unroll(count, (i) => fold(`exchanged[y][${i}]`), " ")}`,
  };
}

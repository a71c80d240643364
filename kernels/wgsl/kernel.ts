/**
 * A kernel: WGSL text and how to launch it, as plain data.
 *
 * @module
 */

/** Numbers of workgroups along x, y and z. */
export type Workgroups = readonly [x: number, y: number, z: number];

/** How a kernel uses a buffer. */
export type Access = "read" | "write" | "uniform";

/** A buffer that a kernel binds: its name and WGSL type in the text, and how it is used. */
export interface Binding {
  /** The variable. */
  readonly name: string;
  /** WGSL, such as `array<f32>`. */
  readonly type: string;
  /** Whether the kernel changes it. */
  readonly access: Access;
  /** WGSL that declares the type, where it is not built in. */
  readonly declaration?: string;
}

/** A kernel with everything that one dispatch of it needs, except the buffers. */
export interface Launch {
  /** Its computation, in a few words; profiles are grouped by it. */
  readonly name: string;
  /** WGSL with one compute entry point, `main`. Equal text shares one pipeline. */
  readonly code: string;
  /** Buffers in order, from binding 0. */
  readonly bindings: readonly Binding[];
  /** The `Params` uniform, u32 each, bound after the buffers; fixed when the plan is built. */
  readonly params: readonly number[];
  /** How many to dispatch. */
  readonly workgroups: Workgroups;
  /** Floating-point operations of one dispatch, where counting them means something. */
  readonly flops?: number;
}

/** A storage buffer that is only read. */
export function read(name: string, type = "array<f32>"): Binding {
  return { name, type, access: "read" };
}

/** A storage buffer that the kernel writes (and can read). */
export function write(name: string, type = "array<f32>"): Binding {
  return { name, type, access: "write" };
}

/** A uniform buffer with contents that change from step to step. */
export function uniform(name: string, type: string): Binding {
  return { name, type, access: "uniform" };
}

/** A uniform buffer of floats by name, `<name>.<field>` in the body, in the order of `fields`. */
export function namedScalars(name: string, fields: readonly string[]): Binding {
  const type = `${name[0].toUpperCase()}${name.slice(1)}`;
  const text = `struct ${type} { ${fields.map((field) => `${field}: f32`).join(", ")} }`;
  return { name, type, access: "uniform", declaration: text };
}

const qualifier = { read: "storage, read", write: "storage, read_write", uniform: "uniform" };

/**
 * Puts a kernel together: declares its parameters and buffers, then its body.
 *
 * @param name its computation, in a few words
 * @param params sizes and offsets by name, `p.<name>` in the body; u32
 * @param bindings buffers; `false` entries are left out
 * @param workgroups how many workgroups
 * @param body WGSL with the entry point `main`
 * @throws {RangeError} when a parameter is no u32, or the workgroups exceed WebGPU's limit: a kernel
 * whose grid grows with its sizes takes {@linkcode groupGrid}
 */
export function launch(
  name: string,
  params: Record<string, number>,
  bindings: readonly (Binding | false)[],
  workgroups: Workgroups,
  body: string,
  flops?: number,
): Launch {
  for (const [key, value] of Object.entries(params)) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(`Cannot launch ${name}: ${key} is ${value}, expected a u32`);
    }
  }
  if (workgroups.some((count) => !Number.isInteger(count) || count < 1 || count > MOST_GROUPS)) {
    throw new RangeError(
      `Cannot launch ${name}: ${workgroups.join(" x ")} workgroups, expected 1 to ${MOST_GROUPS} ` +
        "along each axis",
    );
  }
  const bound = bindings.filter((binding) => binding !== false);
  const names = Object.keys(params);
  const lines = bound.map(({ name, type, access }, index) =>
    `@group(0) @binding(${index}) var<${qualifier[access]}> ${name}: ${type};`
  );
  for (const { declaration } of bound) if (declaration) lines.unshift(declaration);
  if (names.length > 0) {
    lines.unshift(`struct Params { ${names.map((key) => `${key}: u32`).join(", ")} }`);
    lines.push(`@group(0) @binding(${bound.length}) var<uniform> p: Params;`);
  }
  // A directive comes before all declarations.
  if (bound.some(({ type }) => type.includes("f16"))) lines.unshift("enable f16;");
  return {
    name,
    code: `${lines.join("\n")}\n${body}`,
    bindings: bound,
    params: Object.values(params),
    workgroups,
    flops,
  };
}

/** Invocations in a workgroup of the kernels that work element by element. */
export const LANES = 64;

/** Workgroups along an axis at most: WebGPU's default maxComputeWorkgroupsPerDimension. */
const MOST_GROUPS = 65535;

/**
 * `count` workgroups, folded into two axes where one is too short. Then there are some more, which
 * have nothing to do.
 */
export function groupGrid(count: number): Workgroups {
  return [Math.min(count, MOST_GROUPS), Math.ceil(count / MOST_GROUPS), 1];
}

/** WGSL: a workgroup's index in {@linkcode groupGrid}, from its `workgroup_id` named `group`. */
export const GROUP = `(group.x + group.y * ${MOST_GROUPS}u)`;

/** Workgroups for `count` invocations, one each. */
export function linearGrid(count: number): Workgroups {
  return groupGrid(Math.max(1, Math.ceil(count / LANES)));
}

/** The entry point of such a kernel: `i` is the invocation's index, below `count`. */
export function forEach(count: string, body: string): string {
  return `@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x + id.y * ${MOST_GROUPS * LANES}u;
  if (i >= ${count}) { return; }
${body}
}
`;
}

/** The widest load that `sizes` (elements between rows, offsets) allow: `vec4<f32>` or `f32`. */
export function laneWidth(...sizes: number[]): 1 | 4 {
  return sizes.every((size) => size % 4 === 0) ? 4 : 1;
}

/** The WGSL type of {@linkcode laneWidth} floats. */
export function laneType(width: 1 | 4): string {
  return width === 4 ? "vec4<f32>" : "f32";
}

/** A float as a parameter: its bits, which `bitcast<f32>` reads. For counts beyond u32. */
export function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

/** The sum over the components of a lane's value. */
export function laneSum(width: 1 | 4, value: string): string {
  return width === 4 ? `dot(${value}, vec4<f32>(1.0))` : value;
}

/** WGSL: the sum of `count` values, by halves. */
export function treeSum(count: number, value: (index: number) => string, first = 0): string {
  if (count === 1) return value(first);
  const half = Math.ceil(count / 2);
  return `(${treeSum(half, value, first)} + ${treeSum(count - half, value, first + half)})`;
}

/** `count` lines made from their index: the unrolled rows of a kernel. */
export function unroll(count: number, line: (index: number) => string, separator = "\n"): string {
  return Array.from({ length: count }, (_, index) => line(index)).join(separator);
}

/**
 * jax-js, loaded at run time, and the small part of its interface that the peers use.
 *
 * The specifier is computed, so neither `deno check` nor `deno.lock` ever sees the package.
 *
 * @module
 */

/** The version that the figures are for. */
export const JAX_VERSION = "0.1.25";

/** An array of jax-js. Every use consumes one reference; `.ref` makes another. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  reshape(shape: number[]): JaxArray;
  transpose(axes?: number[]): JaxArray;
  /** Sends all that the array depends on, waits for the device, and reads. */
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** A flat record of arrays: a tree that jax-js flattens by itself. */
export type JaxRecord = Record<string, JaxArray>;

/** The part of the library that is used here. */
export interface Jax {
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(device: string): string;
  // The functions take and give trees of arrays, which jax-js itself leaves open.
  jit<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R;
  valueAndGrad<P, A extends unknown[]>(
    f: (params: P, ...args: A) => JaxArray,
  ): (params: P, ...args: A) => [JaxArray, P];
  numpy: {
    array(data: Float32Array, options?: { shape: number[] }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    square(a: JaxArray): JaxArray;
    mean(a: JaxArray): JaxArray;
    split(a: JaxArray, sections: number | number[], axis?: number): JaxArray[];
  };
  nn: {
    gelu(a: JaxArray, options: { approximate: boolean }): JaxArray;
    silu(a: JaxArray): JaxArray;
    standardize(a: JaxArray, axis: number, options: { epsilon: number }): JaxArray;
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray): JaxArray;
  };
}

/** The backends of jax-js that the peers use. */
export type JaxDevice = "webgpu" | "wasm";

/**
 * Loads jax-js and makes `device` the default for what follows.
 *
 * @throws {Error} where the backend can't start, such as WebGPU without an adapter
 */
export async function loadJax(device: JaxDevice = "webgpu"): Promise<Jax> {
  const specifier = `npm:@jax-js/jax@${JAX_VERSION}`;
  const jax: Jax = await import(specifier);
  const devices = await jax.init(device);
  if (!devices.includes(device)) throw new Error(`Cannot start jax-js: it has no ${device} here`);
  jax.defaultDevice(device);
  return jax;
}

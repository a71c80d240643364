/**
 * TensorFlow.js, loaded at run time, and the small part of its interface that the peers use.
 *
 * The specifiers are computed, so neither `deno check` nor `deno.lock` ever sees the packages.
 *
 * @module
 */

/** The version that the figures are for. */
export const TFJS_VERSION = "4.22.0";

/** A tensor of TensorFlow.js. */
export interface TfjsTensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** The part of the library that is used here. */
export interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor2d(data: Float32Array, shape: [number, number]): TfjsTensor;
  matMul(a: TfjsTensor, b: TfjsTensor, transposeA: boolean, transposeB: boolean): TfjsTensor;
  slice(a: TfjsTensor, begin: number[], size: number[]): TfjsTensor;
}

let loading: Promise<Tfjs> | undefined;

/**
 * Loads TensorFlow.js with its WebGPU backend. Deno 2.9 needs no shims for it.
 *
 * @throws {Error} where WebGPU has no adapter
 */
export function loadTfjs(): Promise<Tfjs> {
  return loading ??= (async () => {
    const core = `npm:@tensorflow/tfjs-core@${TFJS_VERSION}`;
    const backend = `npm:@tensorflow/tfjs-backend-webgpu@${TFJS_VERSION}`;
    const tf: Tfjs = await import(core);
    await import(backend);
    if (!await tf.setBackend("webgpu").catch(() => false)) {
      throw new Error("Cannot start TensorFlow.js on WebGPU: no adapter");
    }
    await tf.ready();
    return tf;
  })();
}

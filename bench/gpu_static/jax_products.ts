/// <reference types="@webgpu/types" />
/**
 * The WGSL that jax-js makes for products, caught on its way to the device.
 *
 * Run as a program, without a lock file: jax_products.ts SHAPES prints a JSON list, for each of the
 * shapes (a JSON list of {@linkcode MatmulShape}) the texts of its kernels.
 *
 * @module
 */
import { type MatmulShape, timeJaxMatmul } from "../peers/matmul.ts";

/** All texts that `run` gives to the device. */
async function textsOf(run: () => Promise<unknown>): Promise<string[]> {
  const { prototype } = GPUDevice;
  const { createShaderModule } = prototype;
  const texts: string[] = [];
  prototype.createShaderModule = function (descriptor) {
    texts.push(descriptor.code);
    return createShaderModule.call(this, descriptor);
  };
  try {
    await run();
  } finally {
    prototype.createShaderModule = createShaderModule;
  }
  return texts;
}

if (import.meta.main) {
  const shapes: MatmulShape[] = JSON.parse(Deno.args[0]);
  const texts: string[][] = [];
  for (const shape of shapes) texts.push(await textsOf(() => timeJaxMatmul(shape, 0, 1)));
  console.log(JSON.stringify(texts));
}

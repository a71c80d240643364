/**
 * The kernels alone: WGSL and how to launch it, as plain data, for any program that has a WebGPU
 * device. Each function makes the text for given sizes and lists the buffers that it binds, in
 * order.
 *
 * @example A matrix product without the rest of this package
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { matmulTiled } from "@rin/rin/kernels";
 *
 * const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
 * const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
 * const buffer = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, usage: number) => {
 *   const made = device.createBuffer({ size: data.byteLength, usage: usage | COPY_DST });
 *   device.queue.writeBuffer(made, 0, data);
 *   return made;
 * };
 *
 * // out (2, 2) = a (2, 3) b', b (2, 3)
 * const { code, params, workgroups } = matmulTiled({ layout: "nt", m: 2, n: 2, k: 3 });
 * const out = buffer(new Float32Array(4), STORAGE | COPY_SRC);
 * const buffers = [
 *   buffer(Float32Array.of(1, 2, 3, 4, 5, 6), STORAGE),
 *   buffer(Float32Array.of(1, 0, 0, 0, 1, 1), STORAGE),
 *   out,
 *   buffer(new Uint32Array(params), UNIFORM),
 * ];
 * const module = device.createShaderModule({ code });
 * const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
 * const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
 * const layout = pipeline.getBindGroupLayout(0);
 *
 * const encoder = device.createCommandEncoder();
 * const pass = encoder.beginComputePass();
 * pass.setPipeline(pipeline);
 * pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
 * pass.dispatchWorkgroups(...workgroups);
 * pass.end();
 * const result = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
 * encoder.copyBufferToBuffer(out, 0, result, 0, 16);
 * device.queue.submit([encoder.finish()]);
 * await result.mapAsync(GPUMapMode.READ);
 * assertEquals([...new Float32Array(result.getMappedRange())], [1, 5, 4, 11]);
 * device.destroy();
 * ```
 *
 * @module
 */
export type { Access, Binding, Launch, Workgroups } from "./kernels/wgsl/kernel.ts";
export type { Activation } from "./kernels/shapes.ts";
export { attention, attentionMerge } from "./kernels/wgsl/attention.ts";
export { attentionKeyGradient, attentionQueryGradient } from "./kernels/wgsl/attention_gradient.ts";
export { ATTENTION_TILES, type AttentionTile, keysOfPart } from "./kernels/wgsl/attention_tiles.ts";
export type { OperandTypes } from "./kernels/wgsl/operand.ts";
export type { AttentionSizes } from "./kernels/shapes.ts";
export type { EpilogueOptions } from "./kernels/wgsl/epilogue.ts";
export {
  layerNorm,
  layerNormAffineGradient,
  layerNormInputGradient,
  type LayerNormShape,
} from "./kernels/wgsl/layer_norm.ts";
export { matmulTiled, type TiledOptions } from "./kernels/wgsl/matmul_tiled.ts";
export { partDepth, type ProductSizes, type Tile, TILES } from "./kernels/wgsl/tiles.ts";
export type { Layout } from "./kernels/shapes.ts";
export type { FloatType } from "./kernels/shapes.ts";
export { normals } from "./kernels/wgsl/random.ts";
export { sumMiddle, sumParts } from "./kernels/wgsl/reduce.ts";

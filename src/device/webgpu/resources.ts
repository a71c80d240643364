/// <reference types="@webgpu/types" />
/**
 * The resources that programs take from a GPU.
 *
 * @module
 */
import type { Launch } from "../../../kernels/wgsl/kernel.ts";
import type { Storage } from "../../graph/tensor.ts";

/** A WebGPU device with shared pipelines and counted buffers. */
export interface GpuResources {
  readonly device: GPUDevice;
  /** The pipeline of a kernel; compiled once for each different text. */
  pipeline(launch: Launch): Promise<GPUComputePipeline>;
  /** Makes a buffer and counts it. */
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer;
  /** Frees a buffer made by `createBuffer`. */
  destroyBuffer(buffer: GPUBuffer): void;
  /** Whether a storage has a buffer. */
  holds(storage: Storage): boolean;
  /** The buffer behind a storage. */
  memory(storage: Storage): GPUBuffer;
  /** Frees the memory of storages that no plan will use again. */
  release(...storages: readonly Storage[]): void;
  /** Waits for all work queued so far. */
  idle(): Promise<void>;
}

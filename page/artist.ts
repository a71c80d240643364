/// <reference lib="dom" />
/**
 * The network and the GPU that it draws on, in the worker.
 *
 * @module
 */
import { type Gpu, requestGpu } from "../src/device/webgpu/gpu.ts";
import { Rin } from "../src/diffusion/rin.ts";
import { readCheckpoint } from "../src/model/checkpoint.ts";
import { classNamesOf } from "../src/model/class_names.ts";
import { identityOf, sha256 } from "../src/model/identity.ts";
import { rgbaOf } from "./pixels.ts";
import type { DrawnPictures, DrawOptions, GpuFound, Network, WorkEvent } from "./protocol.ts";

/** How many times on the way the estimate of the finished pictures is shown. */
const ESTIMATES = 40;

/** Looks for a GPU, without taking it. */
export async function findGpu(): Promise<GpuFound> {
  if (!globalThis.isSecureContext) return { found: false, why: "insecure" };
  if (!navigator.gpu) return { found: false, why: "unsupported" };
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) return { found: false, why: "no adapter" };
  const { description, vendor, architecture } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(" ");
  return { found: true, name, software: /swiftshader|llvmpipe|basic render/i.test(name) };
}

/** Draws with one network after the other. */
export class Artist {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #gpu: Gpu | undefined;
  #rin: Rin | undefined;

  /**
   * Takes a checkpoint.
   *
   * @throws {CheckpointError} when it is none
   */
  async take(bytes: Uint8Array<ArrayBuffer>, name: string, kept: boolean): Promise<Network> {
    const checkpoint = readCheckpoint(bytes);
    const { config, about = {} } = checkpoint;
    this.#rin?.destroy();
    this.#rin = undefined;
    this.#bytes = bytes;
    const identity = identityOf(await sha256(bytes), about);
    const classNames = classNamesOf(checkpoint);
    return { name, config, classNames, about, identity, bytes: bytes.length, kept };
  }

  /** Draws; stops between two steps when `signal` says so. */
  async draw(
    options: DrawOptions,
    signal: AbortSignal,
    tell: (event: WorkEvent, transfer?: Transferable[]) => void,
  ): Promise<DrawnPictures> {
    if (!this.#bytes) throw new Error("there is no checkpoint yet");
    try {
      if (!this.#rin) {
        tell({ type: "preparing" });
        this.#gpu ??= await requestGpu();
        this.#rin = await Rin.load(this.#gpu, this.#bytes);
      }
      const { config, device } = this.#rin;
      const images = await this.#rin.sample({
        ...options,
        signal,
        estimates: ESTIMATES,
        onStep: (done, total) => tell({ type: "step", done, total }),
        onEstimate: ({ indices, images }) => {
          const pixels = rgbaOf(images, config);
          tell({ type: "estimate", indices, pixels }, [pixels.buffer]);
        },
      });
      return { images, device: device.provenance };
    } catch (thrown) {
      if (!signal.aborted) this.#giveBack();
      throw thrown;
    }
  }

  /** A GPU that has failed is of no more use; the next drawing asks for another. */
  #giveBack(): void {
    this.#gpu?.destroy();
    this.#gpu = undefined;
    this.#rin = undefined;
  }
}

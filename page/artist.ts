/// <reference lib="dom" />
/**
 * The network and the device that it draws on, in the worker.
 *
 * @module
 */
import { Rin } from "../src/diffusion/rin.ts";
import { readCheckpoint } from "../src/model/checkpoint.ts";
import { classNamesOf } from "../src/model/class_names.ts";
import { ownSamplingOf } from "../src/model/own_sampling.ts";
import { identityOf, sha256 } from "../src/model/identity.ts";
import { describeDevice, takeDevice } from "./device.ts";
import { rgbaOf } from "./pixels.ts";
import type { DeviceFound, DrawnPictures, DrawOptions, Network, WorkEvent } from "./protocol.ts";

/** How many times on the way the estimate of the finished pictures is shown. */
const ESTIMATES = 40;

/** Draws with one network after the other. */
export class Artist {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #device: Awaited<ReturnType<typeof takeDevice>> | undefined;
  #rin: Rin | undefined;

  /** Takes a device, and reports it. */
  async findDevice(): Promise<DeviceFound> {
    // Files can't be checked without crypto.subtle, which only secure pages have.
    if (!globalThis.isSecureContext) return { found: false, why: "insecure" };
    try {
      return describeDevice(this.#device ??= await takeDevice());
    } catch (error) {
      return { found: false, why: "no device", message: (error as Error).message };
    }
  }

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
    const sampling = ownSamplingOf(checkpoint);
    return { name, config, classNames, sampling, about, identity, bytes: bytes.length, kept };
  }

  /** Draws; stops between two steps when `signal` is aborted. */
  async draw(
    options: DrawOptions,
    signal: AbortSignal,
    tell: (event: WorkEvent, transfer?: Transferable[]) => void,
  ): Promise<DrawnPictures> {
    if (!this.#bytes) throw new Error("there is no checkpoint yet");
    try {
      if (!this.#rin) {
        this.#device ??= await takeDevice();
        tell({ type: "preparing", device: describeDevice(this.#device) });
        this.#rin = await Rin.load(this.#device, this.#bytes);
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

  /** A device that has failed is of no more use; the next drawing takes another. */
  #giveBack(): void {
    this.#device?.destroy();
    this.#device = undefined;
    this.#rin = undefined;
  }
}

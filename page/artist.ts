/// <reference lib="dom" />
/**
 * The network and the device that it draws on, in the worker.
 *
 * @module
 */
import { readMap } from "../src/diffusion/reading_measures.ts";
import { watchReading } from "../src/diffusion/reading.ts";
import { Rin } from "../src/diffusion/rin.ts";
import { readCheckpoint } from "../src/model/checkpoint.ts";
import { classNamesOf } from "../src/model/class_names.ts";
import { ownSamplingOf } from "../src/model/own_sampling.ts";
import { identityOf, sha256 } from "../src/model/identity.ts";
import { heatMap } from "../src/picture/heat_map.ts";
import { describeDevice, takeDevice } from "./device.ts";
import { rgbaOf } from "./pixels.ts";
import type { DeviceFound, DrawnPictures, DrawOptions, Network, WorkEvent } from "./protocol.ts";

/** How many times on the way the estimate of the finished pictures is shown. */
const ESTIMATES = 40;

/** Tells the page of something on the way. */
export type Tell = (event: WorkEvent, transfer?: Transferable[]) => void;

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
    tell: Tell,
  ): Promise<DrawnPictures> {
    return await this.#with(signal, tell, async (rin) => {
      const images = await rin.sample({
        ...options,
        signal,
        estimates: ESTIMATES,
        onStep: (done, total) => tell({ type: "step", done, total }),
        onEstimate: ({ indices, images }) => {
          const pixels = rgbaOf(images, rin.config);
          tell({ type: "estimate", indices, pixels }, [pixels.buffer]);
        },
      });
      return { images, device: rin.device.provenance };
    });
  }

  /** Draws one picture, and tells where the network reads it. */
  async watch(options: DrawOptions, signal: AbortSignal, tell: Tell): Promise<void> {
    await this.#with(signal, tell, (rin) =>
      watchReading(rin, {
        ...options,
        signal,
        estimates: ESTIMATES,
        onReading: ({ done, image, blocks }) => {
          const maps = [blocks, ...blocks.map((block) => [block])]
            .map((reads) =>
              rgbaOf(heatMap(image, readMap(reads), rin.config), { ...rin.config, channels: 3 })
            );
          const pixels = new Uint8ClampedArray(maps.length * maps[0].length);
          maps.forEach((map, i) => pixels.set(map, i * map.length));
          tell({ type: "reading", done, pixels }, [pixels.buffer]);
        },
      }));
  }

  /** Works with the network, which the first work puts on a device. */
  async #with<T>(signal: AbortSignal, tell: Tell, work: (rin: Rin) => Promise<T>): Promise<T> {
    if (!this.#bytes) throw new Error("there is no checkpoint yet");
    try {
      if (!this.#rin) {
        this.#device ??= await takeDevice();
        tell({ type: "preparing", device: describeDevice(this.#device) });
        this.#rin = await Rin.load(this.#device, this.#bytes);
      }
      return await work(this.#rin);
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

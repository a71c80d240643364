/**
 * Messages between the page and its worker.
 *
 * @module
 */
import type { SampleOptions } from "../src/diffusion/sample_options.ts";
import type { OwnSampling } from "../src/model/own_sampling.ts";
import type { RinConfig } from "../src/model/config.ts";
import type { ExampleConfig } from "../src/model/example.ts";
import type { Caption } from "../src/picture/labelled_grid.ts";
import type { SampleRecord } from "../src/picture/record.ts";
import type { Wanted } from "./download.ts";

/** Requests to the worker, by name: parameters and answer. */
export interface Requests {
  /** Takes a device. */
  device: { given: Record<never, never>; answer: DeviceFound };
  /** Fetches a checkpoint, or finds it kept. */
  load: {
    given: { readonly name: string; readonly checkpoint: Wanted };
    answer: Network;
  };
  /** Reads a checkpoint that the visitor has. */
  open: { given: { readonly file: File }; answer: Network };
  /** Draws with the network that was loaded last. */
  draw: { given: { readonly options: DrawOptions }; answer: DrawnPictures };
  /** Draws one picture again, and shows where the network reads meanwhile. */
  watch: { given: { readonly options: DrawOptions }; answer: Record<never, never> };
  /** Makes a PNG. */
  png: { given: PngJob; answer: { png: Uint8Array<ArrayBuffer> } };
}

/** Names of requests. */
export type RequestName = keyof Requests;

/** A request as it is sent. */
export type Request =
  | {
    [K in RequestName]: {
      readonly id: number;
      readonly name: K;
      readonly given: Requests[K]["given"];
    };
  }[RequestName]
  | {
    /** Stops the current download or drawing. */
    readonly name: "stop";
  };

/** Messages from the worker: progress on the way to an answer, the answer, or an error. */
export type Reply =
  | { readonly id: number; readonly kind: "event"; readonly event: WorkEvent }
  | { readonly id: number; readonly kind: "answer"; readonly answer: unknown }
  | {
    readonly id: number;
    readonly kind: "failed";
    /** The name of the error. */
    readonly error: string;
    readonly sentence: string;
  };

/** Something on the way. */
export type WorkEvent =
  | {
    readonly type: "fetched";
    readonly done: number;
    readonly total: number;
    readonly again: boolean;
  }
  /** The network is put on the device. */
  | { readonly type: "preparing"; readonly device: DeviceFound }
  | { readonly type: "step"; readonly done: number; readonly total: number }
  | {
    readonly type: "estimate";
    readonly indices: readonly number[];
    /** (indices, T, H, W, 4), as a canvas takes them. */
    readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  }
  | {
    readonly type: "reading";
    /** The step. */
    readonly done: number;
    /** Heat maps of all blocks together, then of each: (1 + blocks, T, H, W, 4). */
    readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  };

/** Which device draws in this browser, or why none. */
export type DeviceFound =
  | { readonly found: true; readonly backend: "webgpu"; readonly name: string }
  | { readonly found: true; readonly backend: "cpu"; readonly threads: number }
  | { readonly found: false; readonly why: "insecure" }
  | { readonly found: false; readonly why: "no device"; readonly message: string };

/** A network that can be drawn with. */
export interface Network {
  readonly name: string;
  readonly config: RinConfig;
  readonly classNames?: readonly string[];
  /** Its own way of sampling, where it has one. */
  readonly sampling?: OwnSampling;
  readonly about: Readonly<Record<string, string>>;
  /** The identity of the network in its pictures' records. */
  readonly identity: string;
  readonly bytes: number;
  /** Whether it is kept in this browser. */
  readonly kept: boolean;
}

/** The sampler's options that can be sent. */
export type DrawOptions = Omit<SampleOptions, "signal" | "onStep" | "onEstimate">;

/** Pictures that were drawn. */
export interface DrawnPictures {
  /** (n, C, H, W), or (n, C, T, H, W) of clips, in [-1, 1]. */
  readonly images: Float32Array<ArrayBuffer>;
  /** The device that computed them, as their PNGs record it. */
  readonly device?: string;
  /** The precision that they were drawn in, as their PNGs record it; absent where it is f32. */
  readonly precision?: string;
}

/** Pictures for a PNG. */
export interface PngJob extends DrawnPictures {
  readonly config: ExampleConfig;
  readonly record: SampleRecord;
  /** Captions below the pictures of a grid. */
  readonly caption?: Caption;
}

/**
 * A checkpoint: one safetensors file with the parameters under their names, whatever else the run
 * keeps under prefixes (`ema.`, `adam_m.`, `adam_v.`), and metadata that describes it all.
 *
 * @module
 */
import { blockDepths, completeConfig, type RinConfig } from "./config.ts";
import { tokenGrid } from "./example.ts";
import { expectFinite } from "./finite.ts";
import { type ParameterLayout, parameterLayout } from "./parameters.ts";
import {
  CheckpointError,
  type Dtype,
  type NamedArray,
  notRead,
  readSafetensors,
  writeSafetensors,
} from "./safetensors.ts";

/** Version of the layout described here, in the metadata as `rin_version`. */
const VERSION = "1";

/** Slabs (layout.size floats): the parameters, and the slabs that go with each. */
export interface Slabs {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly ema?: Float32Array<ArrayBuffer>;
  readonly adam_m?: Float32Array<ArrayBuffer>;
  readonly adam_v?: Float32Array<ArrayBuffer>;
}

/** A checkpoint's description of itself. */
export interface CheckpointDescription {
  readonly config: RinConfig;
  /** Type of the numbers in its file: f16 where all are, so that writing f16 loses nothing. */
  readonly dtype?: Dtype;
  /** State that a trainer resumes from: step, seed, options. */
  readonly training?: Record<string, unknown>;
  /** Further metadata, for people: its origin, and the owner of its training images. */
  readonly about?: Readonly<Record<string, string>>;
}

/** Contents of a checkpoint. */
export interface Checkpoint extends CheckpointDescription {
  readonly slabs: Slabs;
}

const prefixes = { parameters: "", ema: "ema.", adam_m: "adam_m.", adam_v: "adam_v." } as const;
/**
 * Slabs that sampling uses. An infinite moment of the optimizer only stops a weight from moving.
 */
const drawnWith: readonly string[] = [prefixes.parameters, prefixes.ema];
const kinds = Object.keys(prefixes) as (keyof Slabs)[];

/**
 * Writes a checkpoint.
 *
 * @param dtype of the numbers in the file; reading gives float32 again
 */
export function writeCheckpoint(
  { config, slabs, training, about }: Checkpoint,
  dtype: Dtype = "f32",
): Uint8Array<ArrayBuffer> {
  const layout = parameterLayout(config);
  const tensors = new Map<string, NamedArray>();
  for (const kind of kinds) {
    const slab = slabs[kind];
    if (slab === undefined) continue;
    for (const { name, shape, offset, size } of layout.parameters) {
      tensors.set(prefixes[kind] + name, { shape, data: slab.subarray(offset, offset + size) });
    }
  }
  const metadata: Record<string, string> = {
    ...about,
    format: "rin",
    rin_version: VERSION,
    config: JSON.stringify(config),
  };
  if (training) metadata.training = JSON.stringify(training);
  return writeSafetensors({ metadata, tensors }, dtype);
}

/**
 * Reads a checkpoint, or a PyTorch state_dict of the original saved as safetensors.
 *
 * @param bytes the file
 * @param config the network's sizes, where the file doesn't give them (and where it does, they must agree)
 * @throws {CheckpointError} when the file is no checkpoint, not one of that network, or has
 * weights that are not finite
 */
export function readCheckpoint(bytes: Uint8Array, config?: Partial<RinConfig>): Checkpoint {
  const { tensors, hint, ...described } = open(bytes, config);
  const layout = parameterLayout(described.config);
  const parameters = gather(tensors, layout, "", hint);
  if (parameters === undefined) {
    throw new CheckpointError("it has none of the network's parameters");
  }
  const slabs = {
    parameters,
    ema: gather(tensors, layout, prefixes.ema),
    adam_m: gather(tensors, layout, prefixes.adam_m),
    adam_v: gather(tensors, layout, prefixes.adam_v),
  };
  return { ...described, slabs };
}

/**
 * Describes a checkpoint without reading its numbers.
 *
 * @throws {CheckpointError} when the file is no checkpoint
 */
export function describeCheckpoint(bytes: Uint8Array): CheckpointDescription {
  const { tensors: _tensors, hint: _hint, ...described } = open(bytes);
  return described;
}

/** A file with named tensors; `hint` is advice for tensors that don't fit. */
interface OpenCheckpoint extends CheckpointDescription {
  readonly tensors: ReadonlyMap<string, NamedArray>;
  readonly hint: string;
}

/** As many learned positions can be those of another grid. */
function expectGrid(own: Partial<RinConfig>, full: RinConfig): void {
  const [stored, asked] = [completeConfig(own), full].map((one) => tokenGrid(one).join(" x "));
  if (full.positions !== "learned" || stored === asked) return;
  throw new CheckpointError(
    `it has learned positions for ${stored} patches, and the config has ${asked}: leave the image ` +
      "size out",
  );
}

function open(bytes: Uint8Array, config?: Partial<RinConfig>): OpenCheckpoint {
  const { metadata, tensors, others } = readSafetensors(bytes);
  const own = ownConfig(metadata);
  const full = completeConfig({ ...own, ...config });
  if (metadata.format === "rin") expectGrid(own, full);
  if (tensors.size === 0) throw new CheckpointError("it has none of the network's parameters");
  checkDepth(full, tensors.size);
  const known = new Set(parameterLayout(full).parameters.map(({ name }) => name));
  for (const [name, dtype] of others ?? []) {
    if (known.has(withoutPrefix(name))) throw notRead(name, dtype);
  }
  const hint = advice(metadata, config);
  for (const name of tensors.keys()) {
    if (!known.has(withoutPrefix(name))) {
      throw new CheckpointError(
        `it has a tensor ${name} that the network of this config lacks: the config does not fit` +
          hint,
      );
    }
  }
  const halves = [...tensors.values()].every(({ dtype }) => dtype === "F16");
  const { format: _f, rin_version: _v, config: _c, training, ...about } = metadata;
  return {
    config: full,
    dtype: halves ? "f16" : "f32",
    training: training === undefined ? undefined : json(training, "training"),
    about,
    tensors,
    hint,
  };
}

function withoutPrefix(name: string): string {
  return name.replace(/^(ema|adam_m|adam_v)\./, "");
}

/** Advice where neither the file nor the caller describes the network. */
function advice(metadata: Record<string, string>, config?: Partial<RinConfig>): string {
  if (metadata.format === "rin" || config !== undefined) return "";
  return "; if PyTorch's, convert it with rin import, else give its config";
}

/** Each layer has tensors of its own: a config of more layers than that is not the file's. */
function checkDepth(config: RinConfig, tensors: number): void {
  const layers = blockDepths(config).reduce((sum, depth) => sum + depth, 0);
  if (layers <= tensors) return;
  throw new CheckpointError(
    `its ${tensors} tensors are too few for a network of ${layers} layers`,
  );
}

function ownConfig(metadata: Record<string, string>): Partial<RinConfig> {
  if (metadata.format !== "rin") return {};
  if (metadata.rin_version !== VERSION) {
    throw new CheckpointError(
      `it is of version ${metadata.rin_version}, this program reads version ${VERSION}`,
    );
  }
  return json(metadata.config ?? "", "config");
}

function json(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the error below.
  }
  throw new CheckpointError(`its metadata field ${what} is not valid JSON`);
}

/** The slab of all tensors with a prefix; none when there is no such tensor, an error when some lack. */
function gather(
  tensors: ReadonlyMap<string, NamedArray>,
  layout: ParameterLayout,
  prefix: string,
  advice = "",
): Float32Array<ArrayBuffer> | undefined {
  if (!layout.parameters.some(({ name }) => tensors.has(prefix + name))) return undefined;
  for (const { name, shape } of layout.parameters) {
    const tensor = tensors.get(prefix + name);
    if (tensor === undefined) {
      throw new CheckpointError(`it lacks the tensor ${prefix}${name}${advice}`);
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(
        `its tensor ${prefix}${name} has shape (${tensor.shape.join(", ")}), the config needs (${
          shape.join(", ")
        })${advice}`,
      );
    }
  }
  const slab = new Float32Array(layout.size);
  for (const { name, offset } of layout.parameters) {
    const { data } = tensors.get(prefix + name)!;
    if (drawnWith.includes(prefix)) expectFinite(prefix + name, data);
    slab.set(data, offset);
  }
  return slab;
}

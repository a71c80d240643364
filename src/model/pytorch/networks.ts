/**
 * Finds the network and other relevant values in a PyTorch file.
 *
 * @module
 */
import { PythonObject } from "../../formats/pickle.ts";
import { CheckpointError } from "../safetensors.ts";
import { TorchTensor } from "./torch_tensor.ts";

/** A tensor that is read only when needed. */
export interface Readable {
  readonly shape: readonly number[];
  readonly read: () => Float32Array<ArrayBuffer>;
  /** The function that makes it, where rin doesn't know it: the tensor can't be read then. */
  readonly maker?: string;
  /** Whether it holds whole numbers or booleans, as counters do. */
  readonly whole?: boolean;
}

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, Readable>;

/** The relevant contents of a file. */
export interface PyTorchFile {
  /** Dicts of tensors: the file itself (its name is ""), or those in it, such as `ema.shadow`. */
  readonly dicts: readonly (readonly [name: string, tensors: Tensors])[];
  /** Lists of tensors without names, such as `ema.shadow_params`. */
  readonly lists?: readonly (readonly [name: string, tensors: readonly Readable[]])[];
  /** The number of heads, if the hyper-parameters have it; no tensor's shape tells. */
  readonly numHeads?: number;
  /** Training steps, if the file records them. */
  readonly steps?: number;
}

/** Dicts in dicts beyond this depth are no trainer's any more. */
const MAX_DEPTH = 8;

/** Dicts and lists looked into: a damaged file can refer to itself. */
const MAX_LOOKED_INTO = 100_000;

/** Takes the relevant contents from an object that `torch.save` saved. */
export function describeTorch(root: unknown): PyTorchFile {
  if (root instanceof PythonObject && root.state !== undefined) {
    throw new CheckpointError(
      `it is a whole object of class ${root.name}: save its state_dict() with torch.save instead`,
    );
  }
  const top = dictOf(root);
  if (top === undefined) throw new CheckpointError("it holds no dict of tensors");
  const hyper = attributes(top.get("hyper_parameters"));
  const owners = [hyper, ...[...hyper?.values() ?? []].map(attributes)];
  const heads = owners.map((owner) => owner?.get("num_heads")).find((n) => typeof n === "number");
  const steps = top.get("global_step");
  return {
    ...tensorsWithin(top),
    ...(typeof heads === "number" ? { numHeads: heads } : {}),
    ...(typeof steps === "number" ? { steps } : {}),
  };
}

function dictOf(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  return value instanceof PythonObject ? value.items : value instanceof Map ? value : undefined;
}

/** An object's named values: a dict's items, a namespace's or a module's attributes. */
function attributes(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  return value instanceof PythonObject && value.state instanceof Map ? value.state : dictOf(value);
}

/** All dicts and lists of tensors, at any depth. */
function tensorsWithin(top: unknown): Required<Pick<PyTorchFile, "dicts" | "lists">> {
  const dicts: [string, Tensors][] = [];
  const lists: [string, readonly Readable[]][] = [];
  const seen = new Set<unknown>();
  const visit = (path: readonly string[], value: unknown) => {
    const items = Array.isArray(value) ? [...value.entries()] : [...dictOf(value) ?? []];
    if (items.length === 0 || seen.has(value) || seen.size > MAX_LOOKED_INTO) return;
    seen.add(value);
    const name = path.join(".");
    const tensors = new Map<string, Readable>();
    for (const [key, item] of items) {
      const tensor = readable(String(key), item);
      if (tensor) {
        if (Array.isArray(value) || typeof key === "string") tensors.set(String(key), tensor);
      } else if (path.length < MAX_DEPTH) visit([...path, String(key)], item);
    }
    if (tensors.size === 0) return;
    if (!Array.isArray(value)) dicts.push([name, tensors]);
    else if (tensors.size === items.length) lists.push([name, [...tensors.values()]]);
  };
  visit([], top);
  return { dicts, lists };
}

function readable(name: string, value: unknown): Readable | undefined {
  if (value instanceof TorchTensor) {
    return { shape: value.shape(name), read: () => value.read(name), whole: value.isWhole };
  }
  if (value instanceof PythonObject && value.name.startsWith("torch._utils._rebuild")) {
    return { shape: [], read: () => new Float32Array(), maker: value.name };
  }
}

/**
 * Where in a PyTorch file the network is, and what else of it matters.
 *
 * @module
 */
import { CheckpointError } from "../safetensors.ts";
import { PythonObject } from "./pickle.ts";
import { TorchTensor } from "./torch_tensor.ts";

/** A tensor that can be read when it is known to be needed. */
export interface Readable {
  readonly shape: readonly number[];
  readonly read: () => Float32Array<ArrayBuffer>;
  /** The function that was to make it, where that is not one we know: it can't be read then. */
  readonly maker?: string;
}

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, Readable>;

/** What a file holds for us. */
export interface PyTorchFile {
  /** Dicts of tensors: the file itself, or those in it. */
  readonly dicts: readonly (readonly [name: string, tensors: Tensors])[];
  /** The number of heads, if the hyper-parameters have it; no tensor's shape tells. */
  readonly numHeads?: number;
  /** Steps that it was trained for, if it says. */
  readonly steps?: number;
}

/** A tensor that every network of the original has, and no other known one. */
const LANDMARK = "tokenizer.pos_embed";

/** Takes from what `torch.save` saved what matters. */
export function describeTorch(root: unknown): PyTorchFile {
  if (root instanceof PythonObject && root.state !== undefined) {
    throw new CheckpointError(
      `it is a whole object of class ${root.name}: save its state_dict() with torch.save instead`,
    );
  }
  const top = dictOf(root);
  if (top === undefined) throw new CheckpointError("it holds no dict of tensors");
  const nested = [...top].map(([key, value]) => [String(key), dictOf(value)] as const);
  const dicts = [["", top] as const, ...nested]
    .map(([name, dict]) => [name, tensorsIn(dict)] as const)
    .filter(([, tensors]) => tensors.size > 0);
  const hyper = attributes(top.get("hyper_parameters"));
  const owners = [hyper, ...[...hyper?.values() ?? []].map(attributes)];
  const heads = owners.map((owner) => owner?.get("num_heads")).find((n) => typeof n === "number");
  const steps = top.get("global_step");
  return {
    dicts,
    ...(typeof heads === "number" ? { numHeads: heads } : {}),
    ...(typeof steps === "number" ? { steps } : {}),
  };
}

function dictOf(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  return value instanceof PythonObject ? value.items : value instanceof Map ? value : undefined;
}

/** What an object knows by name: a dict's items, a namespace's or a module's attributes. */
function attributes(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  return value instanceof PythonObject && value.state instanceof Map ? value.state : dictOf(value);
}

function tensorsIn(dict: ReadonlyMap<unknown, unknown> | undefined): Tensors {
  const tensors = new Map<string, Readable>();
  for (const [name, value] of dict ?? []) {
    if (typeof name !== "string") continue;
    if (value instanceof TorchTensor) {
      tensors.set(name, { shape: value.shape(name), read: () => value.read(name) });
    } else if (value instanceof PythonObject && value.name.startsWith("torch._utils._rebuild")) {
      tensors.set(name, { shape: [], read: () => new Float32Array(), maker: value.name });
    }
  }
  return tensors;
}

/**
 * The network's tensors under the names of the original's `RINModel`, and those of a moving average
 * of them, told by the prefixes that its names have (`net.` in Lightning's checkpoints).
 *
 * @throws {CheckpointError} saying what the file holds instead
 */
export function findNetworks({ dicts }: PyTorchFile): { network: Tensors; average?: Tensors } {
  const found = dicts.flatMap(([dict, tensors]) =>
    [...tensors.keys()].filter((name) => name === LANDMARK || name.endsWith(`.${LANDMARK}`))
      .map((name) => {
        const prefix = name.slice(0, -LANDMARK.length);
        return { isAverage: /ema|averag/i.test(`${dict}.${prefix}`), prefix, tensors };
      })
  );
  const network = found.find(({ isAverage }) => !isAverage) ?? found[0];
  if (network === undefined) throw new CheckpointError(whatElse(dicts));
  const average = found.find(({ isAverage }) => isAverage);
  return {
    network: without(network),
    ...(average && average !== network ? { average: without(average) } : {}),
  };
}

function without({ prefix, tensors }: { prefix: string; tensors: Tensors }): Tensors {
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function whatElse(dicts: PyTorchFile["dicts"]): string {
  const names = dicts.flatMap(([, tensors]) => [...tensors.keys()]);
  const some = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (some(/latents_attend_to_patches|init_self_cond_latents|patches_attend_to_latents/)) {
    return "it is of lucidrains' recurrent-interface-network-pytorch, whose attention, positions " +
      "and conditioning are other ones, so that its weights have no counterpart here: only " +
      "networks of ElianBelot/rin can be imported";
  }
  if (some(/(^|\.)(down_blocks|up_blocks|mid_block|transformer_blocks|proj_out)\b/)) {
    return "it is of a UNet or transformer of diffusers, which is no Recurrent Interface Network: " +
      "only networks of ElianBelot/rin can be imported";
  }
  if (names.length === 0) return "it holds no tensors";
  return `it has no tensor ${LANDMARK}, as every network of ElianBelot/rin has: its tensors are ` +
    `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", ..." : ""}`;
}

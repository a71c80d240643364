/**
 * The network among the tensors of a PyTorch file, and the moving average of its weights.
 *
 * @module
 */
import { CheckpointError } from "../safetensors.ts";
import { type Role, roleOf, unwrapped } from "./names.ts";
import type { PyTorchFile, Readable, Tensors } from "./networks.ts";

/** A tensor that every network of the original has, and no other known one. */
const LANDMARK = "tokenizer.pos_embed";

/** Weights of a whole network, under the names of the original's `RINModel`. */
export interface FoundWeights {
  /** Their place: dict and prefix, such as `state_dict.net`. */
  readonly name: string;
  readonly tensors: Tensors;
}

/** Weights taken from a file. */
export interface ChosenWeights {
  readonly network: FoundWeights;
  readonly average?: FoundWeights;
  /** Names of all weights that could have been taken. */
  readonly names: readonly string[];
  /** Number of tensors that belong to none of the taken weights. */
  readonly ignored: number;
}

interface Candidate extends FoundWeights {
  readonly role: Role;
}

/** The name of weights that lie in the file itself, under no name. */
const TOP = "top";

/**
 * Finds the network's weights and their moving average by their names.
 *
 * @param asked the name of the weights to take, where not these
 * @throws {CheckpointError} with the file's contents, or the weights to choose from
 */
export function chooseWeights(file: PyTorchFile, asked?: string): ChosenWeights {
  const named = file.dicts.flatMap(([dict, tensors]) => candidatesIn(dict, tensors));
  if (named.length === 0) throw new CheckpointError(whatElse(file.dicts));
  const [first] = named.filter(({ role }) => role !== "average").concat(named);
  const all = [...named, ...unnamed(file, first)];
  const names = all.map(({ name }) => name);
  const taken = (network: Candidate, average?: Candidate): ChosenWeights => {
    const count = file.dicts.reduce((sum, [, tensors]) => sum + tensors.size, 0) +
      (file.lists ?? []).reduce((sum, [, list]) => sum + list.length, 0);
    const ignored = count - network.tensors.size - (average?.tensors.size ?? 0);
    return { network, average, names, ignored: Math.max(0, ignored) };
  };
  if (asked !== undefined) {
    const found = all.find(({ name }) => name === asked);
    if (found) return taken(found);
    throw new CheckpointError(`it has no weights ${asked}: there are ${names.join(", ")}`);
  }
  const of = (role: Role) => all.filter((candidate) => candidate.role === role);
  const network = onlyOne(of("plain")) ?? onlyOne(of("averaged"));
  const average = onlyOne(of("average"));
  return network ? taken(network, average) : taken(average!);
}

/** @throws {CheckpointError} when there are several that differ */
function onlyOne(candidates: readonly Candidate[]): Candidate | undefined {
  const [first, ...others] = candidates;
  if (others.every(({ tensors }) => isSame(first.tensors, tensors))) return first;
  const names = candidates.map(({ name }) => name);
  throw new CheckpointError(
    `it has the weights of several networks, ${names.slice(0, -1).join(", ")} and ${
      names.at(-1)
    }: choose one by its name`,
  );
}

function isSame(a: Tensors, b: Tensors): boolean {
  return a.size === b.size &&
    [...a].every(([name, tensor]) => sameValues(tensor, b.get(name)));
}

function sameValues(a: Readable, b: Readable | undefined): boolean {
  if (!b || a.shape.join() !== b.shape.join() || a.maker || b.maker) return false;
  const [x, y] = [a.read(), b.read()];
  return x.every((value, i) => Object.is(value, y[i]));
}

/** Networks in a dict: under names as they are, or without their dots, as LitEma keeps them. */
function candidatesIn(dict: string, tensors: Tensors): Candidate[] {
  const plain = withoutWrappers(tensors);
  const dotless = LANDMARK.replaceAll(".", "");
  const prefixes = [...plain.keys()].flatMap((name) =>
    name === LANDMARK || name.endsWith(`.${LANDMARK}`)
      ? [name.slice(0, -LANDMARK.length)]
      : name.endsWith(dotless)
      ? [name.slice(0, -dotless.length)]
      : []
  );
  const pick = (prefix: string) => {
    const deeper = prefixes.filter((other) => other !== prefix && other.startsWith(prefix));
    // Counters and single numbers next to the parameters are no part of the network.
    const own = [...plain].filter(([name, { whole, shape, maker }]) =>
      name.startsWith(prefix) && !deeper.some((other) => name.startsWith(other)) &&
      !whole && (shape.length > 0 || maker !== undefined)
    );
    return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  };
  const found = prefixes.map((prefix): Candidate => {
    const path = [unwrapped(dict), prefix.replace(/\.$/, "")].filter(Boolean).join(".");
    return { name: path || TOP, role: roleOf(path), tensors: pick(prefix) };
  });
  const dotted = found.find(({ tensors }) => tensors.has(LANDMARK));
  return found.flatMap((candidate) =>
    candidate.tensors.has(LANDMARK) ? [candidate] : dotted ? [withDots(candidate, dotted)] : []
  );
}

/** Gives weights the dots of another network's names back. */
function withDots(candidate: Candidate, like: Candidate): Candidate {
  const dotted = new Map([...like.tensors.keys()].map((name) => [name.replaceAll(".", ""), name]));
  const tensors = [...candidate.tensors].map(([name, tensor]) =>
    [dotted.get(name) ?? name, tensor] as const
  );
  return { ...candidate, role: "average", tensors: new Map(tensors) };
}

/** Lists of averages, in the order of the network's parameters, as torch_ema keeps them. */
function unnamed({ lists = [] }: PyTorchFile, like: Candidate): Candidate[] {
  const names = [...like.tensors];
  return lists.filter(([name, list]) =>
    roleOf(name) === "average" && list.length === names.length &&
    list.every(({ shape }, i) => shape.join() === names[i][1].shape.join())
  ).map(([name, list]) => ({
    name,
    role: "average",
    tensors: new Map(list.map((tensor, i) => [names[i][0], tensor])),
  }));
}

/** Wrappers can make one name of two: these must then be one tensor, saved twice. */
function withoutWrappers(tensors: Tensors): Tensors {
  const plain = new Map<string, Readable>();
  for (const [name, tensor] of tensors) {
    const own = unwrapped(name);
    const before = plain.get(own);
    if (!before) plain.set(own, tensor);
    else if (!sameValues(before, tensor)) {
      throw new CheckpointError(`it has two tensors ${own} that differ, one of them as ${name}`);
    }
  }
  return plain;
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
    return "it is of a UNet or transformer of diffusers, not a Recurrent Interface Network: " +
      "only networks of ElianBelot/rin can be imported";
  }
  if (some(/(^|\.)_?flat_param/)) {
    return "its parameters are flattened, as FSDP keeps them: save it with a full state_dict";
  }
  if (names.length === 0) return "it holds no tensors";
  return `it has no tensor ${LANDMARK}, as every network of ElianBelot/rin has: its tensors are ` +
    `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", ..." : ""}`;
}

/**
 * Reads names in PyTorch files: which module wraps which, and the role of weights.
 *
 * @module
 */

/** Modules that wrap another one for training, anywhere in a name. */
const WRAPPERS = new Set([
  "module", // DistributedDataParallel, DataParallel, AveragedModel
  "_module", // Opacus
  "_orig_mod", // torch.compile
  "_forward_module", // Lightning Fabric, DeepSpeed
  "_fsdp_wrapped_module", // FullyShardedDataParallel
  "_fpw_module", // the same before PyTorch 1.13
  "_checkpoint_wrapped_module", // activation checkpointing
]);

/** A name without the parts that wrappers add. */
export function unwrapped(name: string): string {
  return name.split(".").filter((part) => !WRAPPERS.has(part)).join(".");
}

/**
 * The role of weights, by their name: the moving average; the weights that an average averages and
 * keeps; or plain weights.
 */
export type Role = "average" | "averaged" | "plain";

/** Words that name a moving average. */
const AVERAGE = /^(ema\w*|\w+ema|averag\w*|avg|swa|shadow|polyak)$/;

/** Words with the same letters. */
const NO_AVERAGE = /^(schema|cinema|emai\w*)$/;

/** Words for the weights that an average is of: ema-pytorch's, and copies that torch_ema puts back. */
const AVERAGED = /^(online|collected|backup|raw)$/;

/** The role of weights at a path such as `ema.online_model`; its last telling part decides. */
export function roleOf(path: string): Role {
  for (const part of path.split(".").reverse()) {
    const words = part.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g)?.map((word) => word.toLowerCase());
    if (words?.some((word) => AVERAGED.test(word))) return "averaged";
    if (words?.some((word) => AVERAGE.test(word) && !NO_AVERAGE.test(word))) return "average";
  }
  return "plain";
}

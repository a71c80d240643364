// All cases, by family.

import { CASES as activation } from "./activation.ts";
import { CASES as attention } from "./attention.ts";
import type { OpCase } from "./case.ts";
import { CASES as convolution } from "./convolution.ts";
import { CASES as diffusion } from "./diffusion.ts";
import { CASES as dropout } from "./dropout.ts";
import { CASES as elementwise } from "./elementwise.ts";
import { CASES as lamb } from "./lamb.ts";
import { CASES as layerNorm } from "./layer_norm.ts";
import { CASES as matmul } from "./matmul.ts";
import { CASES as optimizer } from "./optimizer.ts";
import { CASES as random } from "./random.ts";
import { CASES as reduce } from "./reduce.ts";
import { CASES as tokens } from "./tokens.ts";

export const FAMILIES: Readonly<Record<string, readonly OpCase[]>> = {
  activation,
  attention,
  convolution,
  diffusion,
  dropout,
  elementwise,
  lamb,
  layerNorm,
  matmul,
  optimizer,
  random,
  reduce,
  tokens,
};

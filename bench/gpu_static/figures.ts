/**
 * What counts of what RADV says of a kernel.
 *
 * @module
 */
import { hottestLoop, type LoopCounts } from "./machine_code.ts";
import type { Compiled } from "./radv.ts";

/** A kernel on one chip. */
export interface Figures {
  /** Vector registers of an invocation. */
  readonly registers: number;
  /** Registers, vector and scalar, that didn't fit and lie in memory. */
  readonly spills: number;
  /** Waves of 32 invocations that a SIMD can hold at once. */
  readonly waves: number;
  /** Bytes of workgroup memory. */
  readonly workgroupMemory: number;
  /** Of the whole kernel. */
  readonly instructions: number;
  /** The hottest loop, where there is one. */
  readonly loop?: LoopCounts;
}

/** Picks them out. */
export function figuresOf({ statistics, assembly }: Compiled): Figures {
  return {
    registers: statistics.VGPRs,
    spills: statistics["Spilled VGPRs"] + statistics["Spilled SGPRs"],
    waves: statistics["Subgroups per SIMD"],
    workgroupMemory: statistics["LDS size"],
    instructions: statistics.Instructions,
    loop: hottestLoop(assembly),
  };
}

/** The part of the hottest loop's instructions that are multiply-adds, 0 to 2; 0 without a loop. */
export function densityOf({ loop }: Figures): number {
  return loop ? loop.multiplyAdds / loop.instructions : 0;
}

// Runs cases on any device.

import type { Device } from "../../src/device/device.ts";
import type { OperandsOf } from "../../src/graph/ops.ts";
import { Plan } from "../../src/graph/plan.ts";
import {
  bytesOfOne,
  persistent,
  type Storage,
  type Tensor,
  typeOf,
  view,
} from "../../src/graph/tensor.ts";
import { assertSameBits } from "../helpers/close.ts";
import { compare, type OpCase, type Operand } from "./case.ts";

/** What a case's tensors hold after it ran, by role. */
export type Found = Record<string, Float32Array<ArrayBuffer>>;

/** The part of a device that cases need. */
export type PlanRunner = Pick<Device, "compile" | "write" | "read" | "release">;

/** Elements of a slab behind a tensor that begins within it. */
const BEHIND = 12;

/** What lies around a tensor of a slab: read, it spoils a result; written over, it shows. */
const AROUND = NaN;

/** Runs cases one after another in one plan, and returns what each has left. */
export async function runCases(device: PlanRunner, cases: readonly OpCase[]): Promise<Found[]> {
  const plan = new Plan();
  const placed = cases.map(({ name, sizes, operands }) => {
    const tensors = placeAll(device, operands);
    plan.record(name, sizes, Object.fromEntries(tensors) as unknown as OperandsOf<typeof name>);
    return tensors;
  });
  const program = await device.compile(plan);
  try {
    program.run();
    // All at once: on WebGPU each read alone waits for a timer.
    return await Promise.all(cases.map((each, index) => readAll(device, each, placed[index])));
  } finally {
    program.destroy();
    device.release(...new Set(placed.flatMap((tensors) => [...tensors.values()].map(storageOf))));
  }
}

/** Fails where what a case has left is not what it expects. */
export function check(cases: readonly OpCase[], found: readonly Found[]): void {
  cases.forEach(({ name, title, expected }, index) => {
    for (const [role, wanted] of Object.entries(expected)) {
      compare(`${name}, ${title}: ${role}`, found[index][role], wanted);
    }
  });
}

/** Fails where two runs of cases left different bits. */
export function assertSame(
  cases: readonly OpCase[],
  found: readonly Found[],
  wanted: readonly Found[],
): void {
  cases.forEach(({ name, title }, index) => {
    for (const [role, values] of Object.entries(wanted[index])) {
      assertSameBits(`${name}, ${title}: ${role}`, found[index][role], values);
    }
  });
}

const storageOf = ({ storage }: Tensor): Storage => storage!;

/** A tensor for every role, which holds what the case gives it. */
function placeAll(device: PlanRunner, operands: OpCase["operands"]): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [role, operand] of Object.entries(operands)) {
    if (typeof operand !== "string") tensors.set(role, placeOne(device, role, operand));
  }
  for (const [role, operand] of Object.entries(operands)) {
    if (typeof operand === "string") tensors.set(role, tensors.get(operand)!);
  }
  return tensors;
}

function placeOne(device: PlanRunner, role: string, { shape, values, type, at }: Operand): Tensor {
  const own = persistent(role, shape);
  const held = values ?? new Float32Array(own.size).fill(NaN);
  if (held.length !== own.size) throw new Error(`${role} has ${held.length} values for ${shape}`);
  if (type === "u32") {
    device.write(own, Uint32Array.from(held));
    return own;
  }
  const before = at ?? 0;
  const size = before + own.size + (at === undefined ? 0 : BEHIND);
  // A device is written word by word: an odd number of halves has another behind it.
  const contents = new Float32Array(type === "f16" ? Math.ceil(size / 2) * 2 : size).fill(AROUND);
  contents.set(Float32Array.from(held), before);
  const slab = type === "f16"
    ? { ...persistent(role, [contents.length]), storage: halfStorage(role, contents.length) }
    : persistent(role, [contents.length]);
  device.write(slab, type === "f16" ? Float16Array.from(contents) : contents);
  return view(slab, before, shape);
}

const halfStorage = (name: string, size: number): Storage => ({
  name,
  bytes: 2 * size,
  type: "f16",
});

async function readAll(
  device: PlanRunner,
  { name, title, operands }: OpCase,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<Found> {
  const read = async ([role, tensor]: [string, Tensor]) => {
    const operand = operands[role];
    const at = typeof operand === "string" ? undefined : operand.at;
    if (at === undefined) return [role, await device.read(tensor)] as const;
    const size = storageOf(tensor).bytes / bytesOfOne(typeOf(tensor));
    const slab = await device.read({ ...tensor, shape: [size], size, offset: 0 });
    const end = at + tensor.size;
    if (![...slab.subarray(0, at), ...slab.subarray(end)].every(Number.isNaN)) {
      throw new Error(`${name}, ${title}: wrote beside ${role}`);
    }
    return [role, slab.slice(at, end)] as const;
  };
  return Object.fromEntries(await Promise.all([...tensors].map(read)));
}

// Runs cases on any device.

import type { Device } from "../../src/device/device.ts";
import type { OperandsOf } from "../../src/graph/ops.ts";
import { Plan } from "../../src/graph/plan.ts";
import { persistent, type Storage, type Tensor, view } from "../../src/graph/tensor.ts";
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
  const all = type === "u32" ? Uint32Array.from(held) : Float32Array.from(held);
  if (at === undefined) {
    device.write(own, all);
    return own;
  }
  const slab = persistent(role, [at + own.size + BEHIND]);
  const contents = new Float32Array(slab.size).fill(AROUND);
  contents.set(all, at);
  device.write(slab, contents);
  return view(slab, at, shape);
}

async function readAll(
  device: PlanRunner,
  { name, title, operands }: OpCase,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<Found> {
  const read = async ([role, tensor]: [string, Tensor]) => {
    const operand = operands[role];
    const at = typeof operand === "string" ? undefined : operand.at;
    if (at === undefined) return [role, await device.read(tensor)] as const;
    const size = storageOf(tensor).bytes / 4;
    const slab = await device.read({ ...tensor, shape: [size], size, offset: 0 });
    const end = at + tensor.size;
    if (![...slab.subarray(0, at), ...slab.subarray(end)].every(Number.isNaN)) {
      throw new Error(`${name}, ${title}: wrote beside ${role}`);
    }
    return [role, slab.slice(at, end)] as const;
  };
  return Object.fromEntries(await Promise.all([...tensors].map(read)));
}

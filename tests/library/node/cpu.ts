// The `./cpu` entry, run in Node 20 by node_test.ts.

import { requestCpu, Rin } from "../../../cpu.ts";
import { TINY } from "./tiny.ts";

const cpu = await requestCpu({ threads: 2 });
const fresh = await Rin.create(cpu, TINY);
// What Node's fs gives: a view into a larger buffer, whose `slice` is a view, too.
const { Buffer } = globalThis as unknown as { Buffer: { from(bytes: Uint8Array): Uint8Array } };
const pool = new Uint8Array([...[1, 2, 3], ...await fresh.save()]).subarray(3);
const rin = await Rin.load(cpu, Buffer.from(pool));
const options = { count: 1, steps: 2, seed: 1 };
const [made, again] = [await fresh.sample(options), await rin.sample(options)];
const { output } = await rin.predict(made, Float32Array.of(0.5));
console.log(made.every((value, i) => value === again[i]), output.length);
cpu.destroy();

// The arguments that the host writes against the classes that kernels lay over them.

import { assert, assertEquals } from "@std/assert";
import * as constants from "../../kernels/wasm/assembly/codes.ts";
import { attention, attentionGradient } from "../../src/device/cpu/lowering/attention.ts";
import { matmul } from "../../src/device/cpu/lowering/matmul.ts";
import type { TapeEntry } from "../../src/device/cpu/tape_entry.ts";
import { temporary } from "../../src/graph/tensor.ts";
import { codes, fieldsOf } from "./classes.ts";

/** What an entry begins with: see Entry in tape.ts. */
const HEADER_BYTES = 20;

for (const code of codes) {
  Deno.test(`wasm fields of ${code}: words that fit into an entry`, () => {
    assert(code in constants, `codes.ts has no ${code}`);
    const fields = fieldsOf(code);
    for (const { field, type } of fields) {
      assert(["i32", "u32", "f32"].includes(type), `${field} is ${type}, which is not one word`);
    }
    assert(HEADER_BYTES + fields.length * 4 <= constants.ENTRY_BYTES, "too many fields");
  });
}

const t = temporary(1);
const tokens = { batch: 1, heads: 1, d: 1, queries: 1, keys: 1 };
const columns = { qStride: 1, qStart: 0, kvStride: 2, kStart: 0, vStart: 1 };
const attentionSizes = { ...tokens, ...columns };

const lowered: Readonly<Record<string, readonly TapeEntry[]>> = {
  MATMUL: matmul({ layout: "nt", m: 1, n: 1, k: 1 }, { a: t, b: t, out: t }),
  ATTENTION: attention(attentionSizes, { q: t, kv: t, out: t, logSum: t }),
  ATTENTION_GRADIENT: attentionGradient(attentionSizes, {
    ...{ q: t, kv: t, out: t, dout: t, logSum: t, dq: t, dkv: t },
  }),
};

for (const [name, [entry]] of Object.entries(lowered)) {
  Deno.test(`wasm fields of ${name}: the lowering writes them in the order of the class`, () => {
    assertEquals(entry.code, constants[name as keyof typeof constants]);
    assertEquals(Object.keys(entry.fields), fieldsOf(name).map(({ field }) => field));
  });
}

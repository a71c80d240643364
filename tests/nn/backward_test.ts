// Operations and their recorded backward passes against the float64 tape, in both kernel families.

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Device } from "../../src/device/device.ts";
import { Plan } from "../../src/graph/plan.ts";
import { persistent, type Tensor, view } from "../../src/graph/tensor.ts";
import { attention } from "../../src/nn/attention.ts";
import { layerNorm } from "../../src/nn/layer_norm.ts";
import { linear, mlp } from "../../src/nn/linear.ts";
import { addRows, beginLatents, depatchify, patchify } from "../../src/nn/tokens.ts";
import { assertClose, assertSameBits, data } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { runPlan, tensorOf } from "../helpers/plans.ts";
import { activated, kept, parameter, UNWRITTEN } from "../helpers/record.ts";
import {
  depatchify as depatchifyReference,
  patchify as patchifyReference,
} from "../reference/patches.ts";
import { Tape, type Variable, variable, view as viewReference } from "../reference/tape.ts";

const RELATIVE = 5e-6;

/** A leaf of a graph, on the GPU and on the tape. */
interface Leaf {
  readonly tensor: Tensor & { readonly gradient: Tensor };
  readonly reference: Variable;
}

type Leaves<Name extends string> = Record<Name, Leaf>;

/** One graph built twice: its output on the plan and on the tape. */
interface Graph<Name extends string> {
  readonly shapes: Record<Name, readonly number[]>;
  readonly build: (
    plan: Plan,
    tape: Tape,
    leaves: Leaves<Name>,
  ) => { output: Tensor; reference: Variable };
}

/** Fails unless output and the gradient of every leaf are the tape's. */
async function check<Name extends string>(gpu: Device, { shapes, build }: Graph<Name>) {
  const names = Object.keys(shapes) as Name[];
  const leaves = Object.fromEntries(names.map((name, index) => {
    const shape = shapes[name];
    const values = data(shape.reduce((a, b) => a * b, 1), 200 + index);
    return [name, { tensor: parameter(gpu, name, values, shape), reference: variable(values) }];
  })) as Leaves<Name>;
  const plan = new Plan();
  const tape = new Tape();
  const { output, reference } = build(plan, tape, leaves);
  const result = kept(plan, output);
  const dout = data(output.size, 300);
  plan.backward(output, tensorOf(gpu, "dout", dout, output.shape));
  reference.grad.set(dout);
  tape.backward();
  const gradients = names.map((name) => [name, leaves[name].tensor.gradient]);
  const found = await runPlan(gpu, plan, { result, ...Object.fromEntries(gradients) });
  assertClose("output", found.result, reference.value, RELATIVE);
  for (const name of names) {
    assertClose(`d${name}`, found[name], leaves[name].reference.grad, RELATIVE);
  }
}

deviceTest("linear() has the reference's adjoint, with and without a residual", async (gpu) => {
  for (const [rows, inputs, outputs] of [[6, 8, 12], [10, 7, 9], [3, 1, 128], [66, 36, 68]]) {
    for (const added of [false, true]) {
      await check(gpu, {
        shapes: {
          x: [2, rows / 2, inputs],
          w: [outputs, inputs],
          b: [outputs],
          ...(added ? { residual: [2, rows / 2, outputs] } : {}),
        } as Record<"x" | "w" | "b" | "residual", number[]>,
        build: (plan, tape, { x, w, b, residual }) => ({
          output: linear(
            plan,
            x.tensor,
            { weight: w.tensor, bias: b.tensor },
            residual && activated(plan, residual.tensor),
          ),
          reference: tape.linear(x.reference, w.reference, b.reference, { rows, inputs, outputs }, {
            residual: residual?.reference,
          }),
        }),
      });
    }
  }
});

const mlpShapes = (width: number, hidden: number) => ({
  w0: [hidden, width],
  b0: [hidden],
  w1: [width, hidden],
  b1: [width],
});

for (const activation of ["gelu", "silu"] as const) {
  deviceTest(
    `mlp() has the reference's adjoint with ${activation}, and x as its own residual`,
    async (gpu) => {
      for (const [rows, width, hidden] of [[6, 8, 32], [5, 7, 10]]) {
        for (const skip of [false, true]) {
          await check(gpu, {
            shapes: { x: [rows, width], ...mlpShapes(width, hidden) },
            build: (plan, tape, { x, w0, b0, w1, b1 }) => {
              const layers = [
                { weight: w0.tensor, bias: b0.tensor },
                { weight: w1.tensor, bias: b1.tensor },
              ];
              const input = activated(plan, x.tensor);
              const up = { rows, inputs: width, outputs: hidden };
              const down = { rows, inputs: hidden, outputs: width };
              const middle = tape.linear(x.reference, w0.reference, b0.reference, up, {
                act: activation,
              });
              return {
                output: mlp(
                  plan,
                  input,
                  layers[0],
                  activation,
                  layers[1],
                  skip ? input : undefined,
                ),
                reference: tape.linear(middle, w1.reference, b1.reference, down, {
                  residual: skip ? x.reference : undefined,
                }),
              };
            },
          });
        }
      }
    },
  );
}

deviceTest("layerNorm() has the reference's adjoint", async (gpu) => {
  for (const [rows, d] of [[5, 12], [70, 7]]) {
    await check(gpu, {
      shapes: { x: [1, rows, d], affine: [2, d] },
      build: (plan, tape, { x, affine }) => ({
        output: layerNorm(plan, x.tensor, affine.tensor, 1e-5),
        reference: tape.layerNorm(
          x.reference,
          viewReference(affine.reference, 0, d),
          viewReference(affine.reference, d, 2 * d),
        ),
      }),
    });
  }
});

/** Columns `start` to `start + width` of a reference's rows, copied out on the tape. */
function columns(tape: Tape, matrix: Variable, stride: number, start: number, width: number) {
  // A product with a piece of the identity, which the tape knows how to reverse.
  const identity = new Float64Array(width * stride);
  for (let i = 0; i < width; i++) identity[i * stride + start + i] = 1;
  const shape = { rows: matrix.value.length / stride, inputs: stride, outputs: width };
  return tape.linear(matrix, variable(identity), variable(new Float64Array(width)), shape);
}

deviceTest(
  "attention() has the reference's adjoint among the columns of one matrix",
  async (gpu) => {
    const [batch, tokens, width, heads] = [2, 5, 12, 3];
    await check(gpu, {
      shapes: { matrix: [batch, tokens, 3 * width] },
      build: (plan, tape, { matrix }) => {
        const part = (at: number) => ({ matrix: matrix.tensor, start: at * width });
        const [q, k, v] = [0, 1, 2].map((at) =>
          columns(tape, matrix.reference, 3 * width, at * width, width)
        );
        return {
          output: attention(plan, { q: part(0), k: part(1), v: part(2), width, heads }),
          reference: tape.attention(q, k, v, {
            batch,
            queries: tokens,
            keys: tokens,
            width,
            heads,
          }),
        };
      },
    });
  },
);

deviceTest("attention() has the reference's adjoint to another matrix", async (gpu) => {
  const [batch, queries, keys, width, heads] = [2, 4, 9, 10, 2];
  await check(gpu, {
    shapes: { q: [batch, queries, width], kv: [batch, keys, 2 * width] },
    build: (plan, tape, { q, kv }) => {
      const part = (at: number) => ({ matrix: kv.tensor, start: at * width });
      const [k, v] = [0, 1].map((at) => columns(tape, kv.reference, 2 * width, at * width, width));
      return {
        output: attention(plan, {
          q: { matrix: q.tensor, start: 0 },
          k: part(0),
          v: part(1),
          width,
          heads,
        }),
        reference: tape.attention(q.reference, k, v, { batch, queries, keys, width, heads }),
      };
    },
  });
});

deviceTest(
  "addRows() has the reference's adjoint of a table added to every example",
  async (gpu) => {
    const [batch, tokens, d] = [3, 5, 7];
    await check(gpu, {
      shapes: { x: [batch, tokens, d], table: [1, tokens, d] },
      build: (plan, tape, { x, table }) => {
        // Through a layer norm, so that x is an activation, which takes its gradient over.
        const w = tensorOf(gpu, "identity", [...Array(d).fill(1), ...Array(d).fill(0)], [2, d]);
        const [one, zero] = [1, 0].map((value) => variable(new Float64Array(d).fill(value)));
        const normed = layerNorm(plan, x.tensor, w, 1e-5);
        return {
          output: addRows(plan, normed, table.tensor),
          reference: tape.add(
            tape.layerNorm(x.reference, one, zero),
            tape.repeat(table.reference, batch),
          ),
        };
      },
    });
  },
);

deviceTest("beginLatents() has the reference's adjoint, cold and warm", async (gpu) => {
  const [batch, m, d] = [3, 5, 12];
  const begin = { start: [1, m, d], time: [batch, d] };
  await check(gpu, {
    shapes: begin,
    build: (plan, tape, { start, time }) => ({
      output: beginLatents(plan, { start: start.tensor, time: time.tensor }),
      reference: tape.add(
        tape.repeat(start.reference, batch),
        tape.repeatRows(time.reference, d, m),
      ),
    }),
  });
  const mask = [1, 0, 1];
  await check(gpu, {
    shapes: { ...begin, latents: [batch, m, d] },
    build: (plan, tape, { start, time, latents }) => {
      const warm = { values: latents.tensor, mask: tensorOf(gpu, "mask", mask) };
      const cold = tape.add(
        tape.repeat(start.reference, batch),
        tape.repeatRows(time.reference, d, m),
      );
      return {
        output: beginLatents(plan, { start: start.tensor, time: time.tensor, previous: warm }),
        reference: tape.add(cold, tape.mask(latents.reference, mask)),
      };
    },
  });
});

deviceTest("depatchify() has the reference's adjoint for clips", async (gpu) => {
  const [batch, frames, s] = [2, 4, 6];
  const patch = [2, 3, 3];
  const shape = { batch, channels: 3, frames, height: s, width: s, patchFrames: 2, patch: 3 };
  const size = batch * 3 * frames * s * s;
  const x = parameter(gpu, "x", data(size, 210), [batch, 2 * 2 * 2, 3 * 2 * 3 * 3]);
  const plan = new Plan();
  const image = depatchify(plan, x, [3, frames, s, s], patch);
  const result = kept(plan, image);
  const cut = kept(plan, patchify(plan, image, patch));
  const dout = data(size, 211);
  plan.backward(image, tensorOf(gpu, "dout", dout, image.shape));
  const found = await runPlan(gpu, plan, { result, cut, dx: x.gradient });
  assertSameBits(
    "image",
    found.result,
    Float32Array.from(depatchifyReference(data(size, 210), shape)),
  );
  assertSameBits("patches again", found.cut, Float32Array.from(data(size, 210)));
  assertSameBits("gradient", found.dx, Float32Array.from(patchifyReference(dout, shape)));
});

deviceTest(
  "Plan.forwardGradient() meets other gradients before, between, and after products",
  async (gpu) => {
    // h feeds two products, a residual of each, a table and a norm, in an order that makes each kind
    // of share the first to arrive at one tensor and a later one at another.
    const [rows, d] = [6, 8];
    const shape = { rows, inputs: d, outputs: d };
    await check(gpu, {
      shapes: {
        x: [1, rows, d],
        w: [d, d],
        b: [d],
        v: [d, d],
        c: [d],
        affine: [2, d],
        t: [rows, d],
      },
      build: (plan, tape, { x, w, b, v, c, affine, t }) => {
        const [first, second] = [[w, b], [v, c]].map(([weight, bias]) => ({
          weight: weight.tensor,
          bias: bias.tensor,
        }));
        const norm = [
          viewReference(affine.reference, 0, d),
          viewReference(affine.reference, d, 2 * d),
        ] as const;
        const h = linear(plan, x.tensor, first);
        const moved = addRows(plan, h, t.tensor); // backward: passed on to h, the last to arrive
        const normed = layerNorm(plan, h, affine.tensor, 1e-5); // added to h
        const mixed = linear(plan, normed, second, moved); // passes on to `moved`, the first there
        const output = addRows(plan, mixed, h); // h is a table: summed into it, the first to arrive
        const hReference = tape.linear(x.reference, w.reference, b.reference, shape);
        const movedReference = tape.add(hReference, t.reference);
        const normedReference = tape.layerNorm(hReference, ...norm);
        const mixedReference = tape.linear(normedReference, v.reference, c.reference, shape, {
          residual: movedReference,
        });
        return { output, reference: tape.add(mixedReference, hReference) };
      },
    });
  },
);

deviceTest(
  "Plan.forwardGradient() passes a gradient on before a product adds to it",
  async (gpu) => {
    const [rows, d] = [6, 8];
    const shape = { rows, inputs: d, outputs: d };
    await check(gpu, {
      shapes: { x: [rows, d], w: [d, d], b: [d], v: [d, d], c: [d] },
      build: (plan, tape, { x, w, b, v, c }) => {
        const h = linear(plan, x.tensor, { weight: w.tensor, bias: b.tensor });
        const side = linear(plan, h, { weight: v.tensor, bias: c.tensor });
        // The residual h is passed its gradient before `side` adds its own.
        const norm = tensorOf(gpu, "norm", [...Array(d).fill(1), ...Array(d).fill(0.5)], [2, d]);
        const second = linear(plan, layerNorm(plan, side, norm, 1e-5), untracked(gpu, d), h);
        const hReference = tape.linear(x.reference, w.reference, b.reference, shape);
        const sideReference = tape.linear(hReference, v.reference, c.reference, shape);
        const [one, half] = [1, 0.5].map((value) => variable(new Float64Array(d).fill(value)));
        const normed = tape.layerNorm(sideReference, one, half);
        const [weight, bias] = [data(d * d, 220), data(d, 221)].map(variable);
        return {
          output: second,
          reference: tape.linear(normed, weight, bias, shape, { residual: hReference }),
        };
      },
    });
  },
);

/** A square layer whose parameters want no gradient. */
function untracked(gpu: Device, d: number) {
  return {
    weight: tensorOf(gpu, "weight", data(d * d, 220), [d, d]),
    bias: tensorOf(gpu, "bias", data(d, 221), [d]),
  };
}

deviceTest("Plan.withoutGradient() lets no gradient flow through what it records", async (gpu) => {
  const [rows, d] = [6, 8];
  const x = parameter(gpu, "x", data(rows * d, 230), [rows, d]);
  const layer = (stream: number) => ({
    weight: parameter(gpu, "w", data(d * d, stream), [d, d]),
    bias: parameter(gpu, "b", data(d, stream + 1), [d]),
  });
  const [before, after] = [layer(231), layer(233)];
  const plan = new Plan();
  const h = plan.withoutGradient(() => linear(plan, x, before));
  assert(!h.tracked, "its result is not tracked");
  const output = linear(plan, h, after);
  assert(output.tracked, "and tracking goes on afterwards");
  const result = kept(plan, output);
  plan.backward(output, tensorOf(gpu, "dout", data(rows * d, 235), [rows, d]));
  const found = await runPlan(gpu, plan, {
    result,
    x: x.gradient,
    before: before.weight.gradient,
    beforeBias: before.bias.gradient,
    after: after.weight.gradient,
  });
  for (const name of ["x", "before", "beforeBias"] as const) {
    assert(found[name].every((value) => value === UNWRITTEN), `${name} got a gradient`);
  }
  const tape = new Tape();
  const shape = { rows, inputs: d, outputs: d };
  const references = [230, 231, 232, 233, 234].map((stream, i) =>
    variable(data([rows * d, d * d, d, d * d, d][i], stream))
  );
  const reference = tape.linear(
    tape.linear(references[0], references[1], references[2], shape),
    references[3],
    references[4],
    shape,
  );
  reference.grad.set(data(rows * d, 235));
  tape.backward();
  assertClose("output", found.result, reference.value, RELATIVE);
  assertClose("the later weight", found.after, references[3].grad, RELATIVE);
});

deviceTest(
  "view() at any row of a slab gives weights, biases, and their gradients",
  async (gpu) => {
    // As the key and value rows of a packed projection: windows that begin between 256-byte marks.
    const [rows, inputs] = [5, 6];
    const [all, from, outputs] = [21, 7, 9];
    const w = parameter(gpu, "w", data(all * inputs, 240), [all, inputs]);
    const b = parameter(gpu, "b", data(all, 241), [all]);
    const x = tensorOf(gpu, "x", data(rows * inputs, 242), [rows, inputs]);
    const plan = new Plan();
    const output = linear(plan, x, {
      weight: view(w, from * inputs, [outputs, inputs]),
      bias: view(b, from, [outputs]),
    });
    const result = kept(plan, output);
    const dout = data(rows * outputs, 243);
    plan.backward(output, tensorOf(gpu, "dout", dout, output.shape));
    const found = await runPlan(gpu, plan, { result, dw: w.gradient, db: b.gradient });
    const tape = new Tape();
    const [wReference, bReference] = [variable(data(all * inputs, 240)), variable(data(all, 241))];
    const part = (v: Variable, width: number) =>
      viewReference(v, from * width, (from + outputs) * width);
    const reference = tape.linear(
      variable(data(rows * inputs, 242)),
      part(wReference, inputs),
      part(bReference, 1),
      {
        rows,
        inputs,
        outputs,
      },
    );
    reference.grad.set(dout);
    tape.backward();
    assertClose("output", found.result, reference.value, RELATIVE);
    for (
      const [name, values, gradient, width] of [
        ["dw", found.dw, wReference.grad, inputs],
        ["db", found.db, bReference.grad, 1],
      ] as const
    ) {
      const inside = (i: number) => i >= from * width && i < (from + outputs) * width;
      assertClose(
        name,
        values.filter((_, i) => inside(i)),
        gradient.filter((_, i) => inside(i)),
        RELATIVE,
      );
      assert(
        values.every((value, i) => inside(i) || value === UNWRITTEN),
        `${name}: beside the window`,
      );
    }
  },
);

Deno.test("layers refuse operands that don't fit", () => {
  const plan = new Plan();
  const tensor = (...shape: number[]) => persistent("x", shape);
  const layer = { weight: tensor(4, 5), bias: tensor(4) };
  assertThrows(() => linear(plan, tensor(2, 6), layer), RangeError, "linear (4,5) to (2,6)");
  assertThrows(
    () => layerNorm(plan, tensor(2, 6), tensor(2, 5), 1e-5),
    RangeError,
    "widths differ",
  );
  const [q, kv] = [tensor(1, 2, 6), tensor(1, 3, 12)];
  const part = (matrix: Tensor, start: number) => ({ matrix, start });
  assertThrows(
    () => attention(plan, { q: part(q, 0), k: part(kv, 0), v: part(kv, 6), width: 6, heads: 4 }),
    RangeError,
    "a width of 6 into 4 heads",
  );
  assertThrows(
    () => attention(plan, { q: part(q, 0), k: part(kv, 0), v: part(q, 0), width: 6, heads: 2 }),
    RangeError,
    "must share a matrix",
  );
  assertEquals(plan.operations.length, 0);
});

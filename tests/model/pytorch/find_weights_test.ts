// Which weights of a file are the network's, and which their average: by what they are called.

import { assertEquals, assertThrows } from "@std/assert";
import { chooseWeights } from "../../../src/model/pytorch/find_weights.ts";
import { importPyTorch } from "../../../src/model/pytorch/import.ts";
import { roleOf, unwrapped } from "../../../src/model/pytorch/names.ts";
import { describeTorch, type Readable } from "../../../src/model/pytorch/networks.ts";
import { TorchStorage, TorchTensor } from "../../../src/model/pytorch/torch_tensor.ts";
import {
  CheckpointError,
  type NamedArray,
  writeSafetensors,
} from "../../../src/model/safetensors.ts";
import { writeCheckpoint } from "../../../src/model/checkpoint.ts";
import { completeConfig } from "../../../src/model/config.ts";
import { initialize } from "../../../src/model/initialize.ts";
import { parameterLayout } from "../../../src/model/parameters.ts";

const NAMES = ["tokenizer.pos_embed", "blocks.0.a.weight", "readout.bias"];

/** A tensor whose numbers are all `value`. */
function torch(value: number, shape = [2]): TorchTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const bytes = new Uint8Array(new Float32Array(size).fill(value).buffer);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return new TorchTensor(new TorchStorage("torch.FloatStorage", bytes), 0, shape, strides);
}

/** A network whose numbers are all `value`, under names that are changed. */
const network = (value: number, rename: (name: string) => string = (name) => name) =>
  NAMES.map((name): [string, TorchTensor] => [rename(name), torch(value)]);

const counter = () =>
  new TorchTensor(new TorchStorage("torch.LongStorage", new Uint8Array(8)), 0, [1], [1]);

const valueOf = (tensors: ReadonlyMap<string, Readable>) => tensors.get(NAMES[2])!.read()[0];

/** The numbers of what is taken, and what it is called. */
function taken(root: Map<string, unknown>, asked?: string) {
  const { network, average } = chooseWeights(describeTorch(root), asked);
  return [
    [network.name, valueOf(network.tensors)],
    ...average ? [[average.name, valueOf(average.tensors)]] : [],
  ];
}

const under = (prefix: string) => (name: string) => `${prefix}.${name}`;

const files: [name: string, root: Map<string, unknown>, expected: (string | number)[][]][] = [
  [
    "ema-pytorch's own order",
    new Map<string, unknown>([
      ["initted", counter()],
      ["step", counter()],
      ...network(1, under("online_model")),
      ...network(2, under("ema_model")),
    ]),
    [["online_model", 1], ["ema_model", 2]],
  ],
  [
    "ema-pytorch beside the network, the average last",
    new Map([[
      "state_dict",
      new Map([
        ...network(1, under("net")),
        ...network(1, under("ema.online_model")),
        ...network(2, under("ema.ema_model")),
      ]),
    ]]),
    [["state_dict.net", 1], ["state_dict.ema.ema_model", 2]],
  ],
  [
    "LitEma, whose names have no dots",
    new Map([[
      "state_dict",
      new Map([
        ...network(1, under("model")),
        ["model_ema.decay", torch(0, [])],
        ...network(2, (name) => `model_ema.${name.replaceAll(".", "")}`),
      ]),
    ]]),
    [["state_dict.model", 1], ["state_dict.model_ema", 2]],
  ],
  [
    "torch_ema's list",
    new Map<string, unknown>([
      ["model", new Map(network(1))],
      [
        "ema",
        new Map<string, unknown>([
          ["decay", 0.99],
          ["shadow_params", NAMES.map(() => torch(2))],
          ["collected_params", NAMES.map(() => torch(3))],
        ]),
      ],
    ]),
    [["model", 1], ["ema.shadow_params", 2]],
  ],
  [
    "AveragedModel",
    new Map([
      ["swa_model", new Map([["n_averaged", counter()], ...network(2, under("module"))])],
      ["model", new Map(network(1))],
    ]),
    [["model", 1], ["swa_model", 2]],
  ],
  [
    "a callback's state, three levels down",
    new Map<string, unknown>([
      ["state_dict", new Map(network(1, under("net")))],
      ["callbacks", new Map([["Averaging", new Map([["ema_weights", new Map(network(2))]])]])],
      ["optimizer_states", [
        new Map([["state", new Map([[0, new Map([["exp_avg", torch(9)]])]])]]),
      ]],
    ]),
    [["state_dict.net", 1], ["callbacks.Averaging.ema_weights", 2]],
  ],
  [
    "an average alone",
    new Map([["ema", new Map(network(2))]]),
    [["ema", 2]],
  ],
  [
    "one network under two names",
    new Map([["a", new Map(network(1))], ["b", new Map(network(1))]]),
    [["a", 1]],
  ],
];

for (const [name, root, expected] of files) {
  Deno.test(`importPyTorch() finds the weights: ${name}`, () =>
    assertEquals(taken(root), expected));
}

Deno.test("importPyTorch() guesses neither of teacher and student", () => {
  const root = new Map([...network(1, under("teacher")), ...network(2, under("student"))]);
  assertThrows(() => taken(root), CheckpointError, "several networks, teacher and student: choose");
  assertEquals(taken(root, "student"), [["student", 2]]);
  assertThrows(() => taken(root, "x"), CheckpointError, "no weights x: there are teacher, student");
  const decays = new Map([
    ...network(1),
    ...network(2, under("ema1")),
    ...network(3, under("ema2")),
  ]);
  assertThrows(() => taken(decays), CheckpointError, "several networks, ema1 and ema2");
  assertEquals(taken(decays, "ema2"), [["ema2", 3]]);
  assertEquals(taken(decays, "top"), [["top", 1]]);
});

Deno.test("unwrapped() removes the parts that wrappers add anywhere in a name", () => {
  for (
    const name of [
      "module.blocks.0.a",
      "_orig_mod.module.blocks.0.a",
      "blocks._orig_mod.0.a",
      "blocks.0._fsdp_wrapped_module._checkpoint_wrapped_module.a",
      "_forward_module.blocks.0.a",
    ]
  ) assertEquals(unwrapped(name), "blocks.0.a");
  const wrapped = network(1, (name) => `net.${name.replace("blocks.0.", "blocks.0._orig_mod.")}`);
  const { network: found } = chooseWeights(describeTorch(new Map(wrapped)));
  assertEquals([...found.tensors.keys()], NAMES);
  const twice = new Map([...network(1), ...network(2, under("module"))]);
  assertThrows(() => taken(twice), CheckpointError, "two tensors tokenizer.pos_embed that differ");
});

Deno.test("roleOf() recognizes averages by their names", () => {
  for (
    const path of [
      "ema",
      "model_ema",
      "netEMA",
      "EMAModel",
      "swa_model",
      "state_dict_ema",
      "ema.model",
    ]
      .concat(["averaged_model", "ema_0.9999", "shadow_params", "netema"])
  ) assertEquals(roleOf(path), "average", path);
  for (const path of ["schema", "net", "semantic_model", "state_dict.model", "emails", "teacher"]) {
    assertEquals(roleOf(path), "plain", path);
  }
  for (const path of ["ema.online_model", "ema.collected_params", "online_model"]) {
    assertEquals(roleOf(path), "averaged", path);
  }
});

Deno.test("importPyTorch() says what it took and how much it left out", () => {
  const config = completeConfig({
    ...{ imageSize: 8, patchSize: 4, latentDim: 8, interfaceDim: 6, numLatents: 3 },
    ...{ numBlocks: 1, blockDepth: 1, numHeads: 2, prediction: "eps", schedule: "cosine" },
  });
  const layout = parameterLayout(config);
  const parameters = initialize(layout, 1);
  const file = (change: (slab: Float32Array, at: number) => void = () => {}) => {
    const slab = parameters.slice();
    change(slab, layout.parameters.find(({ name }) => name === "readout.bias")!.offset);
    const tensors = new Map<string, NamedArray>(
      layout.parameters.map(({ name, shape, offset, size }) =>
        [`net.${name}`, { shape, data: slab.slice(offset, offset + size) }] as const
      ),
    );
    tensors.set("sigma", { shape: [], data: Float32Array.of(1) });
    return writeSafetensors({ metadata: {}, tensors });
  };
  const { taken, ignored, ...checkpoint } = importPyTorch(file(), { numHeads: 2 });
  assertEquals([taken, ignored], [{ parameters: "net" }, 1]);
  assertEquals(checkpoint.slabs.parameters, parameters);
  writeCheckpoint(checkpoint);
  assertThrows(
    () => importPyTorch(file((slab, at) => slab[at + 3] = Infinity), { numHeads: 2 }),
    CheckpointError,
    "its tensor readout.bias has the value Infinity at place 3",
  );
});

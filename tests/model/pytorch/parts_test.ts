// Hyper-parameters and tensors, each on its own.

import { assertEquals, assertThrows } from "@std/assert";
import { PythonObject } from "../../../src/formats/pickle.ts";
import { describeTorch } from "../../../src/model/pytorch/networks.ts";
import { TorchStorage, TorchTensor } from "../../../src/model/pytorch/torch_tensor.ts";
import { CheckpointError } from "../../../src/model/safetensors.ts";

Deno.test("describeTorch() reads hyper-parameters in a dict of its own class", () => {
  const hyper = new PythonObject("pytorch_lightning.utilities.parsing.AttributeDict", []);
  hyper.items.set("num_heads", 8);
  assertEquals(describeTorch(new Map([["hyper_parameters", hyper]])).numHeads, 8);
  const inner = new Map([["net", new Map([["num_heads", 2]])]]);
  assertEquals(describeTorch(new Map([["hyper_parameters", inner]])).numHeads, 2);
});

const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
const storage = new TorchStorage("torch.FloatStorage", floats);
const tensor = (...[offset, sizes, strides]: unknown[]) =>
  new TorchTensor(storage, offset, sizes, strides);

Deno.test("TorchTensor reads views of a storage, and whole numbers", () => {
  assertEquals([...tensor(1, [2, 2], [1, 2]).read("a")], [2, 4, 3, 5]);
  assertEquals([...tensor(0, [2, 3], [0, 1]).read("a")], [1, 2, 3, 1, 2, 3]);
  assertEquals([...tensor(6, [0, 4], [4, 1]).read("a")], []);
  assertEquals([...tensor(5, [], []).read("a")], [6]);
  const longs = new Uint8Array(BigInt64Array.of(-3n, 7n).buffer);
  const whole = new TorchTensor(new TorchStorage("torch.LongStorage", longs), 0, [2], [1]);
  assertEquals([...whole.read("a")], [-3, 7]);
});

Deno.test("TorchTensor refuses what lies outside its storage, or would be larger", () => {
  const cases: [TorchTensor, string][] = [
    [tensor(1, [6], [1]), "larger than its data"],
    [tensor(0, [2, 2], [5, 1]), "larger than its data"],
    [tensor(0, [2 ** 40], [0]), "larger than its data"],
    [tensor(0, [2], [-1]), "no valid strides"],
    [tensor(-1, [2], [1]), "no valid strides"],
    [tensor(0, [2], [1, 1]), "no valid strides"],
    [tensor(0, "2", [1]), "no valid shape"],
    [
      new TorchTensor(new TorchStorage("torch.BoolStorage", floats), 0, [1], [1]),
      "of type torch.Bool",
    ],
    [new TorchTensor(new TorchStorage("toString", floats), 0, [1], [1]), "of type toString"],
    [new TorchTensor(new TorchStorage("torch.FloatStorage", undefined), 0, [1], [1]), "no data"],
    [new TorchTensor(new PythonObject("os.system", []), 0, [1], [1]), "depends on os.system"],
  ];
  for (const [wrong, message] of cases) {
    assertThrows(() => wrong.read("a"), CheckpointError, message);
  }
});

/**
 * Compiles SPIR-V for a GPU that isn't there. RADV believes RADV_FORCE_FAMILY, compiles as for that
 * GPU, and tells registers, occupancy and machine code.
 *
 * Run as a program, by `compile.ts` with the environment of {@linkcode environmentOf}:
 * radv.ts FILE.spv... prints a JSON list of {@linkcode Compiled}.
 *
 * @module
 */
import { Memory } from "./ffi.ts";

/** What RADV says of a kernel. */
export interface Compiled {
  /** By RADV's own names, such as "VGPRs". */
  readonly statistics: Readonly<Record<string, number>>;
  /** One instruction a line, blocks begin with lines such as "BB3:". */
  readonly assembly: string;
}

const COMPUTE = 0x20;
const CAPTURE = 0x40 | 0x80;
const [UNIFORM_BUFFER, STORAGE_BUFFER] = [6, 7];

const vulkan = Deno.dlopen("libvulkan.so.1", {
  vkCreateInstance: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  vkEnumeratePhysicalDevices: { parameters: ["u64", "buffer", "buffer"], result: "i32" },
  vkGetPhysicalDeviceFeatures2: { parameters: ["u64", "buffer"], result: "void" },
  vkCreateDevice: { parameters: ["u64", "buffer", "pointer", "buffer"], result: "i32" },
  vkGetDeviceProcAddr: { parameters: ["u64", "buffer"], result: "pointer" },
  vkCreateShaderModule: { parameters: ["u64", "buffer", "pointer", "buffer"], result: "i32" },
  vkCreateDescriptorSetLayout: {
    parameters: ["u64", "buffer", "pointer", "buffer"],
    result: "i32",
  },
  vkCreatePipelineLayout: { parameters: ["u64", "buffer", "pointer", "buffer"], result: "i32" },
  vkCreateComputePipelines: {
    parameters: ["u64", "u64", "u32", "buffer", "pointer", "buffer"],
    result: "i32",
  },
}).symbols;

function succeed(what: string, result: number): void {
  if (result !== 0) throw new Error(`${what} failed: VkResult ${result}`);
}

/** A structure that begins with its type and a pointer to the next. */
function struct(
  type: number,
  size: number,
  ...fields: ConstructorParameters<typeof Memory> extends [number, ...infer F] ? F : never
): Memory {
  return new Memory(size, [0, 4, type], ...fields);
}

/** Calls that write a handle. */
function create(what: string, call: (out: Memory) => number): bigint {
  const out = new Memory(8);
  succeed(what, call(out));
  return out.handle();
}

/** A device with all of its features that wgpu takes where it finds them. */
function createDevice(): bigint {
  const application = struct(0, 48, [44, 4, (1 << 22) | (3 << 12)]);
  const instance = create(
    "vkCreateInstance",
    (out) => vulkan.vkCreateInstance(struct(1, 64, [24, 8, application]).bytes, null, out.bytes),
  );
  const one = new Memory(4, [0, 4, 1]);
  const physical = create(
    "vkEnumeratePhysicalDevices",
    (out) => vulkan.vkEnumeratePhysicalDevices(instance, one.bytes, out.bytes),
  );
  // Executable properties, robustness 2, Vulkan 1.1, 1.2, and 1.3.
  let next: Memory | 0 = 0;
  for (
    const [type, size] of [[1000269000, 24], [1000286000, 32], [49, 64], [51, 208], [53, 80]]
  ) next = struct(type, size, [8, 8, next]);
  const features = struct(1000059000, 240, [8, 8, next]);
  vulkan.vkGetPhysicalDeviceFeatures2(physical, features.bytes);
  const queue = struct(2, 40, [24, 4, 1], [32, 8, new Memory(4)]);
  const extensions = ["VK_KHR_pipeline_executable_properties", "VK_EXT_robustness2"]
    .map((name) => Memory.text(name));
  const names = Memory.list(extensions.map((name) => new Memory(8, [0, 8, name])));
  const info = struct(
    3,
    72,
    ...[[8, 8, features], [20, 4, 1], [24, 8, queue], [48, 4, extensions.length], [
      56,
      8,
      names,
    ]] as const,
  );
  return create(
    "vkCreateDevice",
    (out) => vulkan.vkCreateDevice(physical, info.bytes, null, out.bytes),
  );
}

/** The numbers of a module's buffers and their kinds, and its entry point's name. */
function interfaceOf(words: Uint32Array): { buffers: [number, number][]; entry: string } {
  const [OP_ENTRY_POINT, OP_VARIABLE, OP_DECORATE, BINDING, UNIFORM] = [15, 59, 71, 33, 2];
  const bindingOf = new Map<number, number>();
  const buffers: [number, number][] = [];
  let entry = "main";
  for (let i = 5; i < words.length; i += words[i] >> 16) {
    const op = words[i] & 0xffff;
    if (op === OP_DECORATE && words[i + 2] === BINDING) bindingOf.set(words[i + 1], words[i + 3]);
    if (op === OP_ENTRY_POINT) entry = Memory.of(bytesOf(words.subarray(i + 3))).textAt(0);
    if (op === OP_VARIABLE && bindingOf.has(words[i + 2])) {
      const kind = words[i + 3] === UNIFORM ? UNIFORM_BUFFER : STORAGE_BUFFER;
      buffers.push([bindingOf.get(words[i + 2])!, kind]);
    }
  }
  return { buffers, entry };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function compile(device: bigint, spirv: Uint8Array<ArrayBuffer>): Compiled {
  const { buffers, entry } = interfaceOf(new Uint32Array(spirv.buffer));
  const bindings = Memory.list(
    buffers.map(([binding, kind]) =>
      new Memory(24, [0, 4, binding], [4, 4, kind], [8, 4, 1], [12, 4, COMPUTE])
    ),
  );
  const set = struct(32, 32, [20, 4, buffers.length], [24, 8, bindings]);
  const setLayout = create(
    "vkCreateDescriptorSetLayout",
    (out) => vulkan.vkCreateDescriptorSetLayout(device, set.bytes, null, out.bytes),
  );
  const sets = new Memory(8, [0, 8, setLayout]);
  const layoutInfo = struct(30, 48, [20, 4, 1], [24, 8, sets]);
  const layout = create(
    "vkCreatePipelineLayout",
    (out) => vulkan.vkCreatePipelineLayout(device, layoutInfo.bytes, null, out.bytes),
  );
  const moduleInfo = struct(16, 40, [24, 8, spirv.length], [32, 8, Memory.of(spirv)]);
  const module = create(
    "vkCreateShaderModule",
    (out) => vulkan.vkCreateShaderModule(device, moduleInfo.bytes, null, out.bytes),
  );
  const pipelineInfo = struct(
    29,
    96,
    ...[[16, 4, CAPTURE], [24, 4, 18], [44, 4, COMPUTE], [48, 8, module]] as const,
    ...[[56, 8, Memory.text(entry)], [72, 8, layout]] as const,
  );
  const pipeline = create(
    "vkCreateComputePipelines",
    (out) => vulkan.vkCreateComputePipelines(device, 0n, 1, pipelineInfo.bytes, null, out.bytes),
  );
  const executable = struct(1000269003, 32, [16, 8, pipeline]);
  const statistics = listOf(
    device,
    "vkGetPipelineExecutableStatisticsKHR",
    executable,
    () => struct(1000269004, 544),
  );
  const make = () => struct(1000269005, 552);
  const texts = "vkGetPipelineExecutableInternalRepresentationsKHR";
  const sizes = listOf(device, texts, executable, make);
  const buffersOf = sizes.map((item) => new Memory(Number(item.handle(536))));
  const representations = listOf(
    device,
    texts,
    executable,
    (i) => struct(1000269005, 552, [536, 8, buffersOf[i].bytes.length], [544, 8, buffersOf[i]]),
  );
  const assembly = representations.findIndex((item) => /assembly/i.test(item.textAt(16)));
  return {
    statistics: Object.fromEntries(
      statistics.map((item) => [item.textAt(16), Number(item.handle(536))]),
    ),
    assembly: buffersOf[assembly].textAt(0),
  };
}

/** Calls a function that tells how many items there are, then fills them in. */
function listOf(
  device: bigint,
  name: string,
  executable: Memory,
  make: (index: number) => Memory,
): Memory[] {
  const pointer = vulkan.vkGetDeviceProcAddr(device, Memory.text(name).bytes);
  const call = new Deno.UnsafeFnPointer(
    pointer as Deno.PointerObject<never>,
    { parameters: ["u64", "buffer", "buffer", "buffer"], result: "i32" },
  );
  const count = new Memory(4);
  succeed(name, call.call(device, executable.bytes, count.bytes, null));
  const items = Array.from({ length: count.view.getUint32(0, true) }, (_, i) => make(i));
  const list = Memory.list(items);
  succeed(name, call.call(device, executable.bytes, count.bytes, list.bytes));
  const each = list.bytes.length / items.length;
  return items.map((_, i) => Memory.of(list.bytes.subarray(i * each, (i + 1) * each)));
}

if (import.meta.main) {
  const device = createDevice();
  const compiled = Deno.args.map((path) => compile(device, Deno.readFileSync(path)));
  console.log(JSON.stringify(compiled));
}

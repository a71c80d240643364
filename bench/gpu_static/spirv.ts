/// <reference types="@webgpu/types" />
/**
 * Has Deno translate kernels to SPIR-V, which lavapipe writes out when it is given a pipeline.
 *
 * Run as a program, by `compile.ts`, with the environment of {@linkcode environmentOf} and
 * MESA_SPIRV_DUMP_PATH: spirv.ts FILE.wgsl... prints a JSON list of the names of the files in that
 * folder, in the kernels' order.
 *
 * @module
 */

if (import.meta.main) {
  const folder = Deno.env.get("MESA_SPIRV_DUMP_PATH")!;
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice({
    requiredFeatures: ["shader-f16"],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize,
    },
  });
  const namesIn = () => new Set([...Deno.readDirSync(folder)].map(({ name }) => name));
  const names = Deno.args.map((path) => {
    const known = namesIn();
    const module = device.createShaderModule({ code: Deno.readTextFileSync(path) });
    device.createComputePipeline({ layout: "auto", compute: { module } });
    const [name] = namesIn().difference(known);
    if (name === undefined) throw new Error(`${path} does not compile`);
    return name;
  });
  console.log(JSON.stringify(names));
}

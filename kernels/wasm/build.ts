/**
 * Builds the CPU device's WebAssembly from AssemblyScript: `deno task wasm`. With `--check` it
 * compares the builds with the committed files instead, and changes nothing.
 *
 * There are two builds, of fused and of exact arithmetic, for memory that threads share, and the same
 * two for memory of one thread. All are `.wasm` files, for runtimes that import modules statically.
 * The first two are also base64 in TypeScript, from which `unshared.ts` makes the others.
 *
 * @module
 */
import asc from "assemblyscript/asc";
import { unshared } from "./unshared.ts";

const folder = new URL("./", import.meta.url);

/** The features of WebAssembly that each build uses. */
const builds = {
  fused: ["simd", "relaxed-simd", "threads"],
  exact: ["simd", "threads"],
};

/** How a build adds up products. */
export type Build = keyof typeof builds;

/**
 * Compiles one build of `assembly/index.ts`, for shared memory.
 *
 * @param instead texts to take instead of files, by name
 */
export async function compile(
  build: Build,
  instead: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  let made: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    [
      ...["assembly/index.ts", "--outFile", "out.wasm", "-O3", "--runtime", "stub", "--noAssert"],
      // Functions on v128 that files export to each other, not to the host.
      ...["--disableWarning", "112"],
      ...["--importMemory", "--initialMemory", "1", "--enable", builds[build].join(",")],
      ...["--sharedMemory", "--maximumMemory", "65536"],
    ],
    {
      readFile: (name, base) =>
        instead[name] ?? Deno.readTextFile(new URL(`${base}/${name}`, folder)).catch(() => null),
      writeFile: (_, contents) => {
        made = Uint8Array.from(contents as Uint8Array);
      },
      listFiles: () => [],
    },
  );
  if (error || made === undefined) throw new Error(`AssemblyScript failed: ${error}\n${stderr}`);
  return made;
}

/** The files of a build by name. */
async function filesOf(build: Build): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const bytes = await compile(build);
  const text = `// Made by \`deno task wasm\`.\nexport default "${bytes.toBase64()}";\n`;
  return {
    [`${build}_threads.ts`]: new TextEncoder().encode(text),
    [`${build}_threads.wasm`]: bytes,
    [`${build}.wasm`]: unshared(bytes),
  };
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  for (const build of Object.keys(builds) as Build[]) {
    for (const [name, bytes] of Object.entries(await filesOf(build))) {
      const file = new URL(name, folder);
      if (!check) {
        await Deno.writeFile(file, bytes);
        console.log(`${name}  ${bytes.length} bytes`);
      } else if ((await Deno.readFile(file)).toBase64() !== bytes.toBase64()) {
        console.error(`kernels/wasm/${name} differs from its source: run deno task wasm`);
        Deno.exit(1);
      }
    }
  }
}

/**
 * Builds the CPU device's WebAssembly from AssemblyScript: `deno task wasm`. With `--check` it
 * compares the builds with the committed files instead, and changes nothing.
 *
 * There are four builds: fused or exact arithmetic, with threads or without. Each is a `.wasm` file,
 * for runtimes that import modules statically, and the same bytes as base64 in TypeScript.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const folder = new URL("./", import.meta.url);

const builds = {
  fused_threads: ["simd", "relaxed-simd", "threads"],
  fused: ["simd", "relaxed-simd"],
  exact_threads: ["simd", "threads"],
  exact: ["simd"],
};

/**
 * Compiles one build of `assembly/index.ts`.
 *
 * @param instead texts to take instead of files, by name
 */
export async function compile(
  build: keyof typeof builds,
  instead: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const features = builds[build];
  const shared = features.includes("threads") ? ["--sharedMemory", "--maximumMemory", "65536"] : [];
  let made: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    [
      ...["assembly/index.ts", "--outFile", "out.wasm", "-O3", "--runtime", "stub", "--noAssert"],
      // Functions on v128 that files export to each other, not to the host.
      ...["--disableWarning", "112"],
      ...["--importMemory", "--initialMemory", "1", "--enable", features.join(",")],
      ...shared,
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

function asTypeScript(bytes: Uint8Array): string {
  return `// Made by \`deno task wasm\`.\nexport default "${bytes.toBase64()}";\n`;
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  for (const name of Object.keys(builds) as (keyof typeof builds)[]) {
    const bytes = await compile(name);
    const wasm = new URL(`${name}.wasm`, folder);
    const text = new URL(`${name}.ts`, folder);
    if (check) {
      const same = (await Deno.readTextFile(text)) === asTypeScript(bytes) &&
        (await Deno.readFile(wasm)).toBase64() === bytes.toBase64();
      if (!same) {
        console.error(`kernels/wasm/${name} differs from its source: run deno task wasm`);
        Deno.exit(1);
      }
    } else {
      await Deno.writeFile(wasm, bytes);
      await Deno.writeTextFile(text, asTypeScript(bytes));
      console.log(`${name}.wasm  ${bytes.length} bytes`);
    }
  }
}

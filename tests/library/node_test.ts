// The entries for other runtimes use nothing newer than Node 20 has: each is bundled and run by the
// machine's Node where that is 20, and none of its modules names what came later.

import { assert, assertEquals } from "@std/assert";
import { bundle, output } from "../device/cpu/runtimes.ts";
import { find } from "../helpers/find.ts";
import { modulesOf, root } from "./modules.ts";

const node = await find("node");
const isNode20 = node !== undefined && (await output(node, "--version")).startsWith("v20.");

for (
  const [entry, expected] of [
    ["sampler", "runtime 384 true true"],
    ["cpu", "true 192"],
    ["service", "PNG,PNG PNG preview,image,done 400,200,200,200,200,200,404,200,200"],
  ]
) {
  Deno.test({
    name: `Node 20 runs the entry ./${entry}`,
    ignore: !isNode20,
    fn: async () => {
      const bundled = await bundle(new URL(`node/${entry}.ts`, import.meta.url));
      assertEquals(await output(node!, bundled), expected);
    },
  });
}

/** What came with Node 21 or later, as it is written in code. */
const NEWER: readonly RegExp[] = [
  /\bPromise\.(try|withResolvers)\b/,
  /\bPromiseWithResolvers\b/,
  /\bnew Float16Array\b|\bFloat16Array\.|\b[gs]etFloat16\b|\bMath\.(f16round|sumPrecise)\b/,
  /\.(toBase64|toHex|setFromBase64|setFromHex)\(|\bUint8Array\.from(Base64|Hex)\b/,
  /\b(Object|Map)\.groupBy\b|\bArray\.fromAsync\b/,
  /\bIterator\.(from|concat|prototype)\b/,
  /(?<!\bObject)\.(values|keys|entries|matchAll)\([^()]*\)\s*\.(map|filter|take|drop|flatMap|reduce|toArray|forEach|some|every|find)\(/,
  /\.(isSubsetOf|isSupersetOf|isDisjointFrom|symmetricDifference|intersection|difference|union)\(/,
  /\.(transfer|transferToFixedLength)\(\)|\bgetOrInsert(Computed)?\(/,
  /\b(RegExp\.escape|Error\.isError|URL\.parse|JSON\.rawJSON|Atomics\.pause)\b/,
  /\b(await )?using \w+ =|\b(Async)?DisposableStack\b|\bSuppressedError\b/,
  /(?<!gif)\.bytes\(\)/, // of a Response, Request, or Blob
  /\(\?[ims]+(-[ims]+)?:/, // flags inside a regular expression
  /(?<!globalThis\.)(?<![.\w] )\bnavigator\.(?!gpu)/, // Node has it since 21, so ask globalThis first
];

Deno.test("entries for other runtimes use nothing newer than Node 20", async () => {
  const entries = ["sampler.ts", "cpu.ts", "cpu_module.ts", "service.ts", "train.ts", "kernels.ts"];

  const modules = new Set((await Promise.all(entries.map(modulesOf))).flat());
  const found: string[] = [];
  for (const module of modules) {
    if (!/^(src|kernels)\/.*\.ts$/.test(module)) continue;
    const code = (await Deno.readTextFile(root + module)).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    for (const pattern of NEWER) {
      const hit = pattern.exec(code);
      if (hit) found.push(`${module}: ${hit[0]}`);
    }
  }
  assert(modules.size > 60, `only ${modules.size} modules were found`);
  assertEquals(found, []);
});

Deno.test("the search for newer names finds them", () => {
  const samples = [
    ...["Promise.try(f)", "Promise.withResolvers()", "new Float16Array(4)", "bytes.toBase64()"],
    ...["Map.groupBy(a, b)", "map.values().reduce(f)", "set.union(other)", "using file = open()"],
    ...[
      "await response.bytes()",
      "navigator.hardwareConcurrency",
      "/(?i:a)b/",
      "buffer.transfer()",
    ],
  ];
  for (const code of samples) assert(NEWER.some((pattern) => pattern.test(code)), code);
  const allowed = [
    ...[
      "globalThis.navigator?.gpu",
      "[...map.values()].map(f)",
      "Object.entries(fields).map(f)",
      "table.entries()",
      "toBase64(b)",
    ],
    ...["gif.bytes()", "/(?:a)b/", "for (const [i, x] of list.entries()) {}"],
  ];
  for (const code of allowed) assert(!NEWER.some((pattern) => pattern.test(code)), code);
});

import { assertEquals, assertRejects } from "@std/assert";
import { unzipSync } from "fflate";
import { NpzWriter } from "../../cli/files/npz_writer.ts";
import { CommandError } from "../../cli/errors.ts";
import { withFolder } from "../data/scratch.ts";

const image = (i: number) => Uint8Array.from({ length: 12 }, (_, k) => (i * 40 + k) % 256);

/** The header's dictionary and the values of an array. */
function array(npy: Uint8Array): { header: string; values: number[] } {
  const length = new DataView(npy.buffer, npy.byteOffset).getUint16(8, true);
  assertEquals((10 + length) % 64, 0);
  return {
    header: new TextDecoder().decode(npy.subarray(10, 10 + length)).trimEnd(),
    values: [...npy.subarray(10 + length)],
  };
}

Deno.test("NpzWriter resumes images and classes that stopped inside an image", async () => {
  await withFolder(async (folder) => {
    const [whole, stopped] = [`${folder}/a.npz`, `${folder}/b.npz`];
    for (const path of [whole, stopped]) {
      let writer = await NpzWriter.open(path, 4, [2, 2, 3], '{"seed":1}');
      for (let i = 0; i < 4; i++) {
        if (path === stopped && i === 2) {
          writer.close();
          const partial = await Deno.open(`${path}.partial`, { append: true });
          await partial.write(Uint8Array.of(1, 2, 3));
          partial.close();
          await assertRejects(
            () => NpzWriter.open(path, 4, [2, 2, 3], '{"seed":2}'),
            CommandError,
            "was started with other settings",
          );
          writer = await NpzWriter.open(path, 4, [2, 2, 3], '{"seed":1}');
          assertEquals(writer.done, 2);
        }
        await writer.add(image(i));
      }
      await writer.finish([0, 1, 0, 1]);
    }
    const bytes = await Deno.readFile(whole);
    assertEquals(await Deno.readFile(stopped), bytes);
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    const entries = unzipSync(bytes);
    assertEquals(Object.keys(entries), ["rin.json", "arr_0.npy", "arr_1.npy"]);
    const { header, values } = array(entries["arr_0.npy"]);
    assertEquals(header, "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 2, 3), }");
    assertEquals(values, [0, 1, 2, 3].flatMap((i) => [...image(i)]));
    const classes = array(entries["arr_1.npy"]);
    assertEquals(classes.values.filter((_, i) => i % 8 === 0), [0, 1, 0, 1]);
  });
});

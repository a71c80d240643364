// The filter of a prepared file: that of the option for every kind of source, and part of the identity.

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { TarWriter } from "../../cli/files/tar_writer.ts";
import { preparedName, preparedOrigin } from "../../cli/files/prepared_output.ts";
import { decodeClipFile } from "../../src/data/clips.ts";
import { openClips, openSource } from "../../src/data/open_source.ts";
import { prepare } from "../../src/data/prepare.ts";
import { PreparedFile } from "../../src/data/prepared_file.ts";
import { type Resize, resizeCrop } from "../../src/data/resize.ts";
import type { Source } from "../../src/data/source.ts";
import { npyHeader } from "../../src/formats/npy.ts";
import { rgb } from "../helpers/rgb.ts";
import { withFolder, write } from "./scratch.ts";

const SIDE = 9, SIZE = 4;

/** Gray pixels, the same in all three channels, so that gray sources hold them as well. */
const grey = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Math.imul(i, 2654435761) >>> 24);
const data = Uint8Array.from({ length: 3 * grey.length }, (_, i) => grey[Math.floor(i / 3)]);
const png = encode({ width: SIDE, height: SIDE, data, depth: 8, channels: 3 });

const expected = resizeCrop({ width: SIDE, height: SIDE, data }, {
  ...rgb(SIZE),
  resize: "bicubic",
});

/** The first picture, or frame, of a source. */
async function first(source: Source, resize?: Resize): Promise<Uint8Array> {
  const decoder = source.decoder({ ...rgb(SIZE), resize });
  try {
    return (await decoder.decode(0)).slice(0, 3 * SIZE * SIZE);
  } finally {
    decoder.close();
  }
}

Deno.test("every source resizes with the filter that is asked for", async () => {
  await withFolder(async (root) => {
    await write(`${root}/folder/a.png`, png);
    await write(`${root}/frames/clip/1.png`, png);
    await write(`${root}/frames/clip/2.png`, png);
    const tar = await TarWriter.open(`${root}/a.tar`, true);
    await tar.add({ name: "a.png", bytes: png });
    await tar.finish();
    const array = [...npyHeader("|u1", [1, SIDE, SIDE, 3]), ...data];
    await write(`${root}/a.npy`, Uint8Array.from(array));
    await write(
      `${root}/grey.npy`,
      Uint8Array.from([...npyHeader("|u1", [1, SIDE, SIDE]), ...grey]),
    );
    const idx = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, SIDE, 0, 0, 0, SIDE, ...grey];
    await write(`${root}/a-idx3-ubyte`, Uint8Array.from(idx));
    const sources = await Promise.all([
      ...["folder", "a.tar", "a.npy", "grey.npy", "a-idx3-ubyte"].map((name) =>
        openSource(`${root}/${name}`)
      ),
      openClips(`${root}/frames`),
    ]);
    for (const source of sources) {
      assertEquals(await first(source, "bicubic"), expected, source.name);
    }
    const cifar = await openSource(
      fileURLToPath(new URL("./fixtures/cifar-10-python.tar.gz", import.meta.url)),
    );
    assert(`${await first(cifar)}` !== `${await first(cifar, "bicubic")}`);
    const moving = {
      paths: [fileURLToPath(new URL("./fixtures/moving.gif", import.meta.url))],
      numbered: false,
    };
    assert(
      `${decodeClipFile(moving, rgb(SIZE))}` !==
        `${decodeClipFile(moving, { ...rgb(SIZE), resize: "bicubic" })}`,
    );
  });
});

Deno.test("a prepared file says that it was resized with another filter than the default", async () => {
  await withFolder(async (root) => {
    await write(`${root}/folder/a.png`, png);
    const source = await openSource(`${root}/folder`);
    const wanted = { source: source.name, clips: false } as const;
    const of = (resize: Resize) => ({ ...wanted, picture: { ...rgb(SIZE), resize } });
    const path = `${root}/set`;
    for (const resize of ["bicubic", "bilinear"] as const) {
      await prepare(source, path, { picture: { ...rgb(SIZE), resize } });
      const file = await PreparedFile.open(path);
      assertEquals("resize" in file.footer.facts, resize === "bicubic");
      file.close();
      assertEquals(await preparedOrigin(path, of(resize)), "same");
      const other = resize === "bicubic" ? "bilinear" : "bicubic";
      assertEquals(await preparedOrigin(path, of(other)), "other");
    }
    const names = (["bilinear", "bicubic"] as const).map((resize) => preparedName(of(resize), ""));
    assertEquals(await Promise.all(names), ["folder-4px.rindata", "folder-4px-bicubic.rindata"]);
  });
});

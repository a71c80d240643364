// What becomes of records of which only a part found room on the disk.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileError } from "../../src/files/errors.ts";
import { MetricsFile } from "../../src/run/metrics_file.ts";
import type { Logger } from "../../src/run/logger.ts";
import { EventFiles } from "../../src/run/tensorboard/event_files.ts";
import { withFolder } from "../data/scratch.ts";
import { events } from "../tensorboard/reader.ts";
import { metrics } from "../cli/rin.ts";

/** While `work` goes on a write puts a part of its bytes on the disk, which is full then. */
async function onFullDisk(work: () => Promise<unknown>): Promise<void> {
  const { writeFile } = Deno;
  Deno.writeFile = async (path, bytes, options) => {
    const all = bytes as Uint8Array;
    await writeFile(path, all.subarray(0, Math.ceil(all.length / 2)), options);
    throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  };
  try {
    await work();
  } finally {
    Deno.writeFile = writeFile;
  }
}

/** Three steps, the second of which finds no room, and what a reader finds after each. */
async function steps(logger: Logger, read: () => Promise<number[]>): Promise<number[][]> {
  await logger.start!({ step: 0, device: "gpu" });
  await logger.metrics!([{ step: 1, loss: 0.5 }]);
  const found = [await read()];
  await onFullDisk(async () => {
    await logger.metrics!([{ step: 2, loss: 0.25 }]);
    found.push(await read());
    const { message } = await assertRejects(() => logger.sync!(), FileError);
    assertStringIncludes(message, "the disk is full");
  });
  await logger.metrics!([{ step: 3, loss: 0.125 }]);
  return [...found, await read()];
}

Deno.test("MetricsFile cuts off a line that found no room, and writes it whole later", () =>
  withFolder(async (folder) => {
    const read = async () => (await metrics(folder)).map(({ step }) => step as number);
    assertEquals(await steps(new MetricsFile(folder), read), [[1], [1], [1, 2, 3]]);
  }));

Deno.test("EventFiles cuts off a record that found no room, and writes it whole later", () =>
  withFolder(async (folder) => {
    const read = async () => {
      const [name] = [...Deno.readDirSync(folder)].map(({ name }) => name);
      const all = events(await Deno.readFile(`${folder}/${name}`));
      assert("version" in all[0]);
      return all.flatMap((event) => "scalars" in event && event.step ? [event.step] : []);
    };
    assertEquals(await steps(new EventFiles(folder), read), [[1], [1], [1, 2, 3]]);
  }));

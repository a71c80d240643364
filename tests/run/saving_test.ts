// What a run leaves in its folder when, and what becomes of it where that can't be written.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { explain } from "../../cli/errors.ts";
import type { Fields } from "../../cli/options/resolve.ts";
import { RUN_START } from "../../src/run/run_state.ts";
import { TrainingRun } from "../../src/run/training_run.ts";
import { FileError } from "../../src/files/errors.ts";
import { NotFiniteError, RunLockedError } from "../../src/run/errors.ts";
import { folderLoggers } from "../../src/run/loggers.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { withFolder, write } from "../data/scratch.ts";
import { diskCalls } from "../helpers/disk_calls.ts";
import { deviceTest } from "../helpers/devices.ts";
import type { Device } from "../../src/device/device.ts";
import { ALONE } from "../../src/train/peers.ts";
import { lastStep, metrics } from "../cli/rin.ts";
import { Listener, openTiny, tinySplits } from "./small_run.ts";

const SETTINGS = { steps: 12, saveEvery: 3, validEvery: 100, sampleEvery: 100 };

/** A run in a folder: the error that it ended in, where it stood then, and what was said. */
async function run(
  device: Device,
  path: string,
  settings: Fields,
  onProgress: (done: number) => unknown = () => {},
  prepare: (trainer: Trainer) => void = () => {},
) {
  const opened = await openTiny(path, { ...SETTINGS, ...settings });
  const trainer = await Trainer.create(device, opened.settings.network, opened.settings.training);
  prepare(trainer);
  // The bar is moved several times at a step.
  const told = new Set<number>();
  const waits: unknown[] = [];
  const listener = new Listener((done) => {
    if (!told.has(done)) waits.push(onProgress(done));
    told.add(done);
  });
  const state = { ...RUN_START };
  const parts = {
    ...opened,
    trainer,
    device: "a device",
    data: tinySplits(),
    loggers: folderLoggers(path),
    state,
    emit: listener.emit,
    peers: ALONE,
    signal: new AbortController().signal,
  };
  const error = await new TrainingRun(parts, false).go().then(() => undefined, (thrown) => thrown);
  await Promise.all(waits);
  trainer.destroy();
  await opened.folder.close();
  return { error, state, warnings: listener.warnings };
}

/** A test on the CPU: what is saved when does not depend on the device. */
function savingTest(name: string, test: (device: Device) => Promise<void>): void {
  deviceTest(name, test, ["cpu"]);
}

/** Keeps a file from being written, even by root: a folder lies where it is prepared. */
function block(path: string): void {
  Deno.mkdirSync(`${path}.${Deno.pid}.tmp/taken`, { recursive: true });
}

function unblock(path: string): void {
  Deno.removeSync(`${path}.${Deno.pid}.tmp`, { recursive: true });
}

savingTest(
  "TrainingRun keeps a checkpoint every so often, and the newest of them",
  async (device) => {
    await withFolder(async (folder) => {
      const kept = async (name: string, settings: Fields) => {
        const path = `${folder}/${name}`;
        await run(device, path, settings);
        const entries = await Array.fromAsync(Deno.readDir(`${path}/checkpoints`)).catch(() => []);
        return entries.map(({ name }) => name).sort();
      };
      const named = (...steps: string[]) => steps.map((step) => `step-00000${step}.safetensors`);
      assertEquals(await kept("none", {}), []);
      assertEquals(await kept("all", { keepEvery: 4 }), named("04", "08", "12"));
      assertEquals(await kept("two", { keepEvery: 2, keepCheckpoints: 2 }), named("10", "12"));
      assertEquals(
        await Deno.readFile(`${folder}/two/checkpoints/step-0000012.safetensors`),
        await Deno.readFile(`${folder}/two/last.safetensors`),
      );
    });
  },
);

savingTest("TrainingRun syncs its records before the checkpoint of their step", async (device) => {
  await withFolder(async (folder) => {
    const calls = await diskCalls(() => run(device, folder, {}));
    const saves = calls.join().split("rename last.safetensors").slice(0, -1);
    assertEquals(saves.length, 5);
    // There is nothing to record before the first step.
    for (const save of saves.slice(1)) {
      assertStringIncludes(save, "sync metrics.jsonl");
      assert(/sync events[^,]*/.test(save), save);
    }
  });
});

savingTest(
  "TrainingRun neither counts nor removes kept checkpoints of a later time",
  async (device) => {
    await withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/checkpoints`);
      await Deno.writeTextFile(`${folder}/.lock`, "");
      await Deno.writeTextFile(`${folder}/checkpoints/step-0000099.safetensors`, "");
      await run(device, folder, { keepEvery: 5, keepCheckpoints: 1 });
      const names = [...Deno.readDirSync(`${folder}/checkpoints`)].map(({ name }) => name).sort();
      assertEquals(names, ["step-0000010.safetensors", "step-0000099.safetensors"]);
    });
  },
);

savingTest(
  "TrainingRun continues after a failed checkpoint, and tries again",
  async (device) => {
    await withFolder(async (folder) => {
      const path = `${folder}/run`;
      const steps: number[] = [];
      const { error, warnings } = await run(device, path, { logEvery: 1 }, async (done) => {
        if (done === 2) block(`${path}/last.safetensors`);
        if (done === 7) steps.push(await lastStep(path));
        if (done === 8) unblock(`${path}/last.safetensors`);
      });
      assertEquals([error, steps, await lastStep(path)], [undefined, [0], 12]);
      assertEquals(warnings.length, 2);
      assertStringIncludes(warnings[0], `Cannot write ${path}/last.safetensors: `);
    });
  },
);

savingTest(
  "TrainingRun ends with the reason if it can't write the last checkpoint",
  async (device) => {
    await withFolder(async (folder) => {
      const path = `${folder}/run`;
      const { error } = await run(device, path, { logEvery: 1 }, (done) => {
        if (done === 10) block(`${path}/last.safetensors`);
      });
      assert(error instanceof FileError, `${error}`);
      assertStringIncludes(error.message, "Cannot write");
      assertEquals(await lastStep(path), 9);
    });
  },
);

savingTest(
  "TrainingRun stops at the first failed checkpoint on request",
  async (device) => {
    await withFolder(async (folder) => {
      const path = `${folder}/run`;
      const { error } = await run(device, path, { logEvery: 1, onSaveError: "stop" }, (done) => {
        if (done === 4) block(`${path}/last.safetensors`);
      });
      assert(error instanceof FileError, `${error}`);
      assertEquals([await lastStep(path), (await metrics(path)).at(-1)!.step], [3, 6]);
    });
  },
);

savingTest("TrainingRun does not start a run that can't be saved at all", async (device) => {
  await withFolder(async (folder) => {
    const prepare = () => block(`${folder}/last.safetensors`);
    const { error } = await run(device, folder, {}, undefined, prepare);
    assert(error instanceof FileError, `${error}`);
    assertEquals(await metrics(folder).catch(() => []), []);
  });
});

savingTest(
  "TrainingRun keeps the place of a failed best checkpoint for the next",
  async (device) => {
    await withFolder(async (folder) => {
      const path = `${folder}/run`;
      const settings = { logEvery: 1, validEvery: 3, lr: 1e-5 };
      let blocked: { step: number; state: { bestValidLoss: number | null } } | undefined;
      const { state } = await run(device, path, settings, (done) => {
        if (done === 2) block(`${path}/best.safetensors`);
        if (done === 5) {
          const { training } = readCheckpoint(Deno.readFileSync(`${path}/last.safetensors`));
          blocked = training as typeof blocked;
          unblock(`${path}/best.safetensors`);
        }
      });
      assertEquals([blocked?.step, blocked?.state.bestValidLoss], [3, null]);
      const losses = (await metrics(path)).filter(({ validLoss }) => validLoss !== undefined)
        .map(({ validLoss }) => validLoss as number);
      assertEquals(losses.length, 4);
      const best = Math.min(...losses.slice(1));
      assert(Math.abs(state.bestValidLoss! - best) < 1e-6, `${state.bestValidLoss} of ${losses}`);
    });
  },
);

savingTest(
  "TrainingRun writes the last checkpoint even if it can't keep others",
  async (device) => {
    for (const [onSaveError, saved] of [["continue", [4, 8, 12]], ["stop", [4]]] as const) {
      await withFolder(async (folder) => {
        const path = `${folder}/run`;
        const prepare = () => Deno.writeTextFileSync(`${path}/checkpoints`, "a file, not a folder");
        const steps: number[] = [];
        const settings = { logEvery: 1, saveEvery: 4, keepEvery: 4, onSaveError };
        const { error } = await run(device, path, settings, async (done) => {
          if (done % 4 === 1 && done > 1) steps.push(await lastStep(path));
        }, prepare);
        steps.push(await lastStep(path));
        assertEquals(steps, [...saved], onSaveError);
        assert(error instanceof FileError, `${error}`);
        assertStringIncludes(error.message, `${path}/checkpoints`);
      });
    }
  },
);

savingTest(
  "TrainingRun writes a step's best, kept, and last checkpoint as one file",
  async (device) => {
    await withFolder(async (folder) => {
      const path = `${folder}/run`;
      const settings = { logEvery: 1, saveEvery: 3, validEvery: 6, keepEvery: 6, lr: 1e-5 };
      const inode = async (name: string) => (await Deno.stat(`${path}/${name}`)).ino;
      const files = ["last", "best", "checkpoints/step-0000006"].map((name) =>
        `${name}.safetensors`
      );
      let early: (number | null)[] = [];
      let kept = new Uint8Array();
      await run(device, path, settings, async (done) => {
        if (done !== 7) return;
        early = await Promise.all(files.map(inode));
        kept = await Deno.readFile(`${path}/${files[2]}`);
      });
      assertEquals(new Set(early).size, 1, `${early}`);
      assertEquals(await Deno.readFile(`${path}/${files[2]}`), kept);
      assert(await lastStep(path) === 12, "the last one is another by then");
      assertEquals([...Deno.readDirSync(path)].filter(({ name }) => name.endsWith(".tmp")), []);
    });
  },
);

savingTest(
  "TrainingRun soon forgets the first steps in the average of the loss",
  async (device) => {
    await withFolder(async (folder) => {
      const steps = 40;
      await run(device, folder, { steps, saveEvery: 100, lr: 0.01 });
      const lines = (await metrics(folder)).filter(({ loss }) => loss !== undefined);
      let average = lines[0].loss as number;
      for (const { step, loss, lossAverage } of lines as Record<string, number>[]) {
        const share = Math.max(0.02, 9 / (step + 9));
        average += share * (loss - average);
        assert(
          Math.abs(lossAverage - average) < 1e-6,
          `step ${step}: ${lossAverage}, not ${average}`,
        );
      }
      assertEquals(lines.length, steps);
    });
  },
);

savingTest(
  "TrainingRun lowers the rate without improvement, and keeps it lowered when resumed",
  async (device) => {
    await withFolder(async (folder) => {
      // Nothing is enough of an improvement, so that each validation but the first halves it.
      const plateau = { lrSchedule: "plateau", plateauPatience: 0, plateauThreshold: 1 };
      const settings = { ...plateau, plateauFactor: 0.5, lr: 0.01, warmup: 0, validEvery: 3 };
      await run(device, folder, { ...settings, steps: 9 });
      const rates = (await metrics(folder)).flatMap(({ lr }) => lr === undefined ? [] : lr);
      assertEquals(rates, [1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5].map((factor) => 0.01 * factor));
      const trainer = await Trainer.resume(
        device,
        await Deno.readFile(`${folder}/last.safetensors`),
      );
      const { config: { imageSize }, options: { batchSize } } = trainer;
      const { lr } = await trainer.step(new Float32Array(batchSize * 3 * Number(imageSize) ** 2));
      assertEquals(lr, 0.01 * 0.25);
      trainer.destroy();
    });
  },
);

/** Makes the images of these steps, counted from 1, no numbers. */
function poison(bad: (step: number) => boolean): (trainer: Trainer) => void {
  return (trainer) => {
    const enqueue = trainer.enqueue.bind(trainer);
    trainer.enqueue = (images, ...rest) =>
      enqueue(bad(trainer.stepsDone + 1) ? images.map(() => NaN) : images, ...rest);
  };
}

savingTest("TrainingRun skips, counts, and logs steps that are not finite", async (device) => {
  await withFolder(async (folder) => {
    const prepare = poison((step) => step === 5 || step === 6);
    const { error, state } = await run(device, folder, {}, undefined, prepare);
    assertEquals([error, state.skipped, state.skippedInRow], [undefined, 2, 0]);
    const lines = await metrics(folder);
    assertEquals(lines.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
    assertEquals(lines.map(({ skipped }) => skipped).slice(3, 7), [undefined, 1, 2, undefined]);
    assertEquals(lines.map((line) => "loss" in line).slice(3, 7), [true, false, false, true]);
    const { training } = readCheckpoint(await Deno.readFile(`${folder}/last.safetensors`));
    assertEquals((training as { state: { skipped: number } }).state.skipped, 2);
  });
});

savingTest("TrainingRun stops at the first step that is not finite on request", async (device) => {
  await withFolder(async (folder) => {
    const prepare = poison((step) => step === 5 || step === 7);
    const { error } = await run(device, folder, { onNan: "stop" }, undefined, prepare);
    assert(error instanceof NotFiniteError, `${error}`);
    assertStringIncludes(error.message, "At step 5 the loss or its gradient was not finite");
    assertStringIncludes(error.message, "the checkpoint of step 3 in");
    assertStringIncludes(error.message, "with a lower lr than");
    assertStringIncludes(explain(error).sentence, "with a lower --lr than");
    assertEquals(await lastStep(folder), 3);
  });
});

savingTest(
  "TrainingRun saves nothing while it skips steps, and ends after 64 of them",
  async (device) => {
    await withFolder(async (folder) => {
      const prepare = poison((step) => step > 7);
      const { error } = await run(device, folder, { steps: 200 }, undefined, prepare);
      assert(error instanceof NotFiniteError, `${error}`);
      assert(/^In each of the last (6[4-9]|[78]\d) steps/.test(error.message), error.message);
      assertEquals(await lastStep(folder), 6);
    });
    await withFolder(async (folder) => {
      const seen: number[] = [];
      const prepare = poison((step) => step === 6);
      await run(device, folder, { logEvery: 1 }, async (done) => {
        if (done === 8) seen.push(await lastStep(folder));
      }, prepare);
      assertEquals(seen, [7], "what was due at step 6 was saved at step 7");
    });
  },
);

Deno.test("a folder belongs to one process, and a lock without its process stops nobody", async () => {
  await withFolder(async (scratch) => {
    const folder = `${scratch}/run`;
    await write(`${folder}/.lock`, "999999\n");
    const opened = await openTiny(folder, {});
    const { message } = await assertRejects(() => openTiny(folder, {}), RunLockedError);
    assertStringIncludes(
      message,
      `Cannot train into ${folder}: process ${Deno.pid} trains there already`,
    );
    await opened.folder.close();
    await (await openTiny(folder, {})).folder.close();
  });
});

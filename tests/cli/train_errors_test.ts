import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../cli/errors.ts";
import { flagOf } from "../../cli/options/flag_name.ts";
import { resumeChanges } from "../../cli/training/resume_flags.ts";
import { readSessions } from "../../src/run/sessions.ts";
import { withFolder, write } from "../data/scratch.ts";
import { complaint, NO_ADAPTER, rin, TINY, writePictures } from "./rin.ts";

function failTest(
  name: string,
  args: readonly string[],
  sentence: string,
  prepare: (cwd: string) => Promise<void> = async () => {},
): void {
  Deno.test({
    name: `rin train ${name}`,
    fn: () =>
      withFolder(async (cwd) => {
        await writePictures(`${cwd}/pictures`, 3);
        await prepare(cwd);
        const found = complaint(await rin(["train", ...args], { cwd }));
        assertStringIncludes(found, sentence);
        // What failed before its first step leaves no folder behind.
        const left = [...Deno.readDirSync(cwd)].filter(({ name }) => name === "r");
        assertEquals(left, []);
      }),
  });
}

const data = (source: string) => [...TINY, "--steps", "2", "--out", "r", "--data", source];

failTest("refuses a missing folder", data("nowhere"), "Cannot load nowhere: there is no such file");

failTest(
  "refuses a folder without a good picture",
  data("bad"),
  "none of its 2 image files can be decoded",
  async (cwd) => {
    await write(`${cwd}/bad/a.png`, "hello");
    await write(`${cwd}/bad/b.jpg`, "hello");
  },
);

failTest(
  "refuses a preset without images",
  [...TINY, "--preset", "readme", "--out", "r"],
  "give --data DIR",
);

failTest(
  "names the limit and a way out if no device can hold the batch",
  [...data("pictures"), "--batch-size", "65000", "--num-latents", "2000"],
  "use a smaller",
);

failTest(
  "refuses a run folder that is a file",
  [...TINY, "--data", "pictures", "--out", "pictures/0.png"],
  "Cannot make folder pictures/0.png",
);

failTest(
  "refuses to resume a missing folder",
  ["--resume", "gone"],
  "Cannot resume gone: there is no such",
);

failTest(
  "refuses to resume a folder without a checkpoint",
  ["--resume", "pictures"],
  "the run saved no checkpoint, or it is not a run's folder",
);

Deno.test("resumeChanges() refuses every flag that would make another run", () => {
  const refused = { preset: "demo", config: "c.json", out: "r", batchSize: 8, seed: 1, flip: true };
  const data = { validFraction: 0.1, cropScale: 1.2, labels: "auto", labelAttribute: "Smiling" };
  const network = { frames: 2, numClasses: 3, schedule: "linear", inputScale: 0.5 };
  for (const [key, value] of Object.entries({ ...refused, ...data, ...network })) {
    assertThrows(
      () => resumeChanges({ steps: 9, [key]: value }),
      UsageError,
      `${flagOf(key)} can't be given with --resume`,
    );
  }
});

Deno.test({
  name: "rin train --resume refuses what would make another run",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 3);
      assertEquals((await rin(["train", ...data("pictures"), "--quiet"], { cwd })).code, 0);
      const resume = (...args: string[]) => rin(["train", "--resume", "r", ...args], { cwd });
      for (const args of [["--latent-dim", "32"], ["--seed", "3"], ["--preset", "demo"]]) {
        assertStringIncludes(complaint(await resume(...args), 2), `${args[0]} can't be given with`);
      }
      assertStringIncludes(complaint(await resume("--steps", "1")), "it is at step 2 already");
      assertStringIncludes(
        complaint(await rin(["train", ...data("pictures")], { cwd })),
        "There is a run in r already",
      );
      await write(`${cwd}/pictures/new.png`, await Deno.readFile(`${cwd}/pictures/0.png`));
      assertStringIncludes(complaint(await resume("--steps", "3")), "it trained on 3 images");
      // As many as before, one of them another: content counts, not names and times.
      await Deno.rename(`${cwd}/pictures/new.png`, `${cwd}/pictures/0.png`);
      await Deno.copyFile(`${cwd}/pictures/1.png`, `${cwd}/pictures/0.png`);
      const changed = complaint(await resume("--steps", "3"));
      assertStringIncludes(changed, "its pixels changed; put the data back");
      assertStringIncludes(changed, "--allow-changed-data");
      assertEquals((await resume("--steps", "3", "--allow-changed-data", "--quiet")).code, 0);
      const sessions = await readSessions(`${cwd}/r`);
      assertEquals(sessions.map((session) => session.dataChanged), [
        undefined,
        "its pixels changed",
      ]);
      // From there on these are the run's data, in whatever folder they lie.
      await Deno.rename(`${cwd}/pictures`, `${cwd}/moved`);
      for (const name of ["0.png", "1.png", "2.png"]) {
        await Deno.utime(`${cwd}/moved/${name}`, 1, 1);
      }
      const moved = await resume("--steps", "4", "--data", "moved", "--quiet");
      assertEquals(moved.code, 0);
      await rin(["train", "--allow-changed-data"], { cwd }).then((out) =>
        assertStringIncludes(complaint(out, 2), "is for --resume")
      );
      await Deno.truncate(`${cwd}/r/last.safetensors`, 5000);
      assertStringIncludes(complaint(await resume()), "it is truncated");
    }),
});

Deno.test("rin train --device gpu says what to install without an adapter", () =>
  withFolder(async (cwd) => {
    await writePictures(`${cwd}/pictures`, 3);
    const args = ["train", ...data("pictures"), "--device", "gpu"];
    const found = complaint(await rin(args, { cwd, env: NO_ADAPTER }));
    assertStringIncludes(found, "WebGPU found no adapter");
    assertStringIncludes(found, "mesa-vulkan-drivers");
    assertEquals(await Deno.stat(`${cwd}/r`).catch(() => "gone"), "gone");
  }));

/**
 * The commands of `rin`.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { attention } from "./commands/attention.ts";
import { compare } from "./commands/compare.ts";
import { completionsOf } from "./commands/completions.ts";
import { data } from "./commands/data.ts";
import { doctor } from "./commands/doctor.ts";
import { evaluation } from "./commands/eval.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { info } from "./commands/info.ts";
import { merge } from "./commands/merge.ts";
import { page } from "./commands/page.ts";
import { report } from "./commands/report.ts";
import { sample } from "./commands/sample.ts";
import { serve } from "./commands/serve.ts";
import { trainCommand } from "./commands/train.ts";

const working: Readonly<Record<string, Command>> = {
  train: trainCommand,
  data,
  sample,
  attention,
  serve,
  eval: evaluation,
  report,
  compare,
  merge,
  info,
  page,
  export: exportCommand,
  import: importCommand,
  doctor,
};
/** All commands by name. */
export const COMMANDS: typeof working = { ...working, completions: completionsOf(working) };

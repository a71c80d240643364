/**
 * The changes that flags can make to a resumed run.
 *
 * @module
 */
import { FIXED_OPTIONS, type ResumeChanges } from "../../src/run/open_run.ts";
import { UsageError } from "../errors.ts";
import { flagOf } from "../options/flag_name.ts";
import { type Fields, sectionsOf } from "../options/resolve.ts";

/** Flags for the start of a new run, and fields that it keeps. */
const FIXED = ["preset", "config", "out", "force", "init", ...FIXED_OPTIONS];

/**
 * The changes that flags ask for.
 *
 * @throws {UsageError} when a flag asks for a change that is no longer possible
 */
export function resumeChanges(flags: Fields): ResumeChanges {
  const { network, training, run } = sectionsOf(flags);
  const refused = [...FIXED, ...Object.keys(network ?? {})].find((key) => key in flags);
  if (refused !== undefined) {
    throw new UsageError(
      `${
        flagOf(refused)
      } can't be given with --resume: it would be another run; leave it out, or ` +
        `begin a new run`,
    );
  }
  return { training, run, allowChangedData: flags.allowChangedData === true };
}

/**
 * Errors of a run as a whole.
 *
 * @module
 */
import { DeviceLostError } from "../device/errors.ts";

/**
 * Names an option in a message: the library by its field (`batchSize 16`), a command line by its flag
 * (`--batch-size 16`).
 */
export type OptionNamer = (option: string, value?: string) => string;

const byField: OptionNamer = (option, value) => value === undefined ? option : `${option} ${value}`;

/** A run can't start, resume, or continue. The message says why and what to do. */
export class RunError extends Error {
  /** Tells errors apart by name. */
  override name = "RunError";

  /**
   * Keeps the message for every way to name options.
   *
   * @param sentence makes the message
   */
  constructor(readonly sentence: (nameOf: OptionNamer) => string) {
    super(sentence(byField));
  }
}

/** The folder of a new run holds a run already. */
export class RunExistsError extends RunError {
  /** Tells errors apart by name. */
  override name = "RunExistsError";

  /**
   * Names the folder and the ways out.
   *
   * @param folder the run's
   */
  constructor(readonly folder: string) {
    super((nameOf) =>
      `There is a run in ${folder} already: continue it with ${
        nameOf("resume", folder)
      }, or choose ` +
      `another ${nameOf("out")}`
    );
  }
}

/** The folder of a new run holds files that a run would write over. */
export class ForeignFilesError extends RunError {
  /** Tells errors apart by name. */
  override name = "ForeignFilesError";

  /**
   * Names the folder, a file, and the ways out.
   *
   * @param folder that of the run
   * @param file the name of a file in it
   */
  constructor(readonly folder: string, readonly file: string) {
    super((nameOf) =>
      `Cannot begin a run in ${folder}: its ${file} belongs to something else; choose another ` +
      `${nameOf("out")}, or replace it with ${nameOf("force")}`
    );
  }
}

/** Another process trains into the folder. */
export class RunLockedError extends RunError {
  /** Tells errors apart by name. */
  override name = "RunLockedError";

  /**
   * Names the folder and the other process.
   *
   * @param folder the run's
   * @param processId of the other process, if it is known
   */
  constructor(readonly folder: string, readonly processId?: number) {
    const who = processId === undefined ? "another process" : `process ${processId}`;
    super((nameOf) =>
      `Cannot train into ${folder}: ${who} trains there already; wait until it ends, or choose ` +
      `another ` +
      nameOf("out")
    );
  }
}

/** The problem of a step that changed no parameter. */
export const NOT_FINITE = "the loss or its gradient was not finite";

/** The loss or gradient of steps was not finite, and the run ended; its last checkpoint is good. */
export class NotFiniteError extends RunError {
  /** Tells errors apart by name. */
  override name = "NotFiniteError";

  /**
   * Names the steps and the checkpoint to resume from.
   *
   * @param when the steps, as the beginning of a sentence
   * @param run where the run stands: its folder, the step of its last checkpoint, its learning rate
   */
  constructor(
    when: string,
    readonly run: { readonly folder: string; readonly savedAt: number; readonly lr: number },
  ) {
    super((nameOf) =>
      `${when} ${NOT_FINITE}: stopped; the checkpoint of step ${run.savedAt} in ${run.folder} is ` +
      `kept; resume it with a lower ${nameOf("lr")} than ${run.lr}`
    );
  }
}

/** The device was lost again and again, before the run reached another checkpoint. */
export class RepeatedLossError extends DeviceLostError {
  /**
   * Keeps the message for every way to name options.
   *
   * @param sentence makes the message
   */
  constructor(readonly sentence: (nameOf: OptionNamer) => string) {
    super(sentence(byField));
  }
}

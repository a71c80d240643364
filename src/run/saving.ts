/**
 * When a run writes checkpoints, and how it treats failures.
 *
 * @module
 */
import { FileError } from "../files/errors.ts";
import type { RunParts } from "./run_parts.ts";
import type { RunState } from "./run_state.ts";

/** Saves a run. */
export class Saving {
  #parts: RunParts;
  #failure: FileError | undefined;
  /** The step of the checkpoint that the run would resume from. */
  #savedAt: number;
  /** The lowest validation loss yet, until its checkpoint is written. */
  #best: { readonly step: number; readonly loss: number } | undefined;
  /** Whether something has changed since the last checkpoint. */
  unsaved: boolean;

  /** @param saved whether the folder has a checkpoint of the run's initial state */
  constructor(parts: RunParts, saved: boolean) {
    this.#parts = parts;
    this.#savedAt = parts.trainer.stepsDone;
    this.unsaved = !saved;
  }

  /** The step of the checkpoint that the run would resume from. */
  get savedAt(): number {
    return this.#savedAt;
  }

  /** Whether a checkpoint is due after the last step done. */
  get due(): boolean {
    const { trainer: { stepsDone }, settings: { run, training } } = this.#parts;
    const due = stepsDone === training.steps || stepsDone % run.saveEvery === 0;
    return this.unsaved && (due || this.#toKeep);
  }

  get #toKeep(): boolean {
    const { trainer: { stepsDone }, settings: { run: { keepEvery } } } = this.#parts;
    return keepEvery > 0 && stepsDone > 0 && stepsDone % keepEvery === 0;
  }

  /** Takes note of a validation: the next checkpoint is the best where no loss was as low. */
  observe(validLoss: number): void {
    const { state: { bestValidLoss }, trainer: { stepsDone } } = this.#parts;
    const best = Number.isFinite(validLoss) &&
      (bestValidLoss === null || validLoss < bestValidLoss);
    if (best) this.#best = { step: stepsDone, loss: validLoss };
    this.unsaved = true;
  }

  /**
   * Writes the best and the kept checkpoint, and then the last one as another name of these, so
   * that none is missing when a crash comes between. A failure of the first two doesn't stop the
   * last.
   *
   * @throws {FileError} when a file can't be written, and `onSaveError` is "stop"
   */
  async save(): Promise<void> {
    const { trainer, folder, loggers, state, peers, settings: { run } } = this.#parts;
    if (peers.rank > 0) return this.#saveElsewhere();
    const recorded = await this.attempt(async () => {
      for (const logger of loggers) await logger.sync?.();
    });
    const step = trainer.stepsDone;
    const before = state.bestValidLoss;
    const best = this.#best?.step === step ? this.#best.loss : before;
    this.#best = undefined;
    const bytes = await this.#checkpoint({ ...state, bestValidLoss: best });
    let linkFrom: string | undefined;
    let [kept, saved] = [false, false];
    try {
      kept = await this.attempt(async () => {
        if (best !== before) linkFrom = await folder.writeBest(bytes);
        // Not before: if writing fails, the next one can still be the best.
        state.bestValidLoss = best;
        if (this.#toKeep) {
          linkFrom = await folder.keepCheckpoint(step, bytes, run.keepCheckpoints, linkFrom);
        }
      });
    } finally {
      saved = await this.attempt(async () => {
        const truth = state.bestValidLoss === best ? bytes : await this.#checkpoint(state);
        await folder.writeLast(truth, truth === bytes ? linkFrom : undefined);
        this.#savedAt = step;
        this.unsaved = false;
      });
    }
    if (recorded && kept && saved) this.#failure = undefined;
  }

  /** Takes it that rank 0 saves. */
  #saveElsewhere(): void {
    const { trainer, state } = this.#parts;
    if (this.#best?.step === trainer.stepsDone) state.bestValidLoss = this.#best.loss;
    this.#best = undefined;
    this.#savedAt = trainer.stepsDone;
    this.unsaved = false;
  }

  /**
   * Does work that can fail for lack of space or permission, and reports a failure that the run
   * survives.
   *
   * @returns whether it did not fail
   */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      const { settings: { run }, emit } = this.#parts;
      if (!(thrown instanceof FileError) || run.onSaveError === "stop") throw thrown;
      this.#failure = thrown;
      emit({ type: "saveFailed", error: thrown });
      return false;
    }
  }

  /** @throws {FileError} when the last attempt to save has failed */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  #checkpoint(state: RunState): Promise<Uint8Array<ArrayBuffer>> {
    const { trainer, data, settings, preset } = this.#parts;
    const { train: { count, classNames }, identity } = data;
    const about = { images: count, classNames, ...identity && { data: identity } };
    return trainer.save({ preset, run: settings.run, ...about, state });
  }
}

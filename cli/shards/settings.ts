/**
 * The settings that all pictures of one job share.
 *
 * @module
 */
import type { SampleRecord } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";

/** Compares the settings of pictures with those of the first one. */
export class SharedSettings {
  #first: { readonly text: string; readonly place: string } | undefined;

  /**
   * Takes the record of a picture.
   *
   * @throws {CommandError} when it has none, is of another number, or was made with other settings
   */
  add(record: SampleRecord | undefined, number: number, place: string): void {
    if (record === undefined) {
      throw new CommandError(
        `Cannot merge ${place}: it is cut off, or rin sample did not make it`,
      );
    }
    const { index, label: _, ...settings } = record;
    if (index !== number) {
      throw new CommandError(`Cannot merge ${place}: it is image ${index ?? "of a grid"}, renamed`);
    }
    // An image counts up to itself, unless all of an interpolation count.
    const { count, ...others } = settings;
    this.compare(JSON.stringify(record.interpolate ? { count, ...others } : others), place);
  }

  /** @throws {CommandError} when a file's settings, as a text, are not those of the first one */
  compare(text: string, place: string): void {
    this.#first ??= { text, place };
    if (text === this.#first.text) return;
    throw new CommandError(
      `Cannot merge ${place} with ${this.#first.place}: they were made with different settings`,
    );
  }
}

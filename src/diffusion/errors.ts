/**
 * Errors of sampling.
 *
 * @module
 */

/** Sampling ended in numbers that are not finite, which would be shown as black. */
export class SamplingError extends Error {
  /** Tells errors apart by name. */
  override name = "SamplingError";

  /** The number of the first image or clip that came out so. */
  readonly index: number;

  /**
   * Names the image and the remedy.
   *
   * @param index the number of the first image or clip that came out so
   */
  constructor(index: number) {
    super(
      `Image ${index} has numbers that are not finite: the network's weights are broken or too ` +
        "large; use an earlier checkpoint, or less guidance",
    );
    this.index = index;
  }
}

/**
 * The plans of one network, of which the latest few are kept.
 *
 * @module
 */
import type { Device } from "../device/device.ts";
import { DeviceLimitError } from "../device/errors.ts";
import type { RinConfig } from "../model/config.ts";
import type { Weights } from "../model/weights.ts";
import { Inference } from "./inference.ts";

/** What is asked of a plan. */
export interface PlanRequest {
  /** Images at a time. */
  readonly batch: number;
  readonly guided: boolean;
  /** Plans that may be there when this one is: at least 1, itself. */
  readonly keep: number;
}

/** Compiled plans by batch size and guidance. To be used by one call at a time. */
export class Inferences {
  #destroyed = false;
  /** The latest last. */
  #kept: Inference[] = [];

  constructor(
    private readonly device: Device,
    private readonly config: RinConfig,
    private readonly weights: Weights,
  ) {}

  /** A plan of exactly that many images. */
  exactly({ batch, ...request }: PlanRequest): Promise<Inference> {
    return this.#within(batch, { batch, ...request });
  }

  /**
   * A plan with room for that many images: one that is kept, if no more than a third of it stays
   * empty; or of half of them, and so on, until the device allows it.
   */
  async withRoom({ batch, ...request }: PlanRequest): Promise<Inference> {
    for (;; batch = Math.ceil(batch / 2)) {
      try {
        return await this.#within(Math.floor(batch * 3 / 2), { batch, ...request });
      } catch (error) {
        if (!(error instanceof DeviceLimitError) || batch === 1) throw error;
      }
    }
  }

  async #within(largest: number, { batch, guided, keep }: PlanRequest): Promise<Inference> {
    const fits = (plan: Inference) =>
      plan.guided === guided && plan.batch >= batch && plan.batch <= largest;
    const [found] = this.#kept.filter(fits).sort((a, b) => a.batch - b.batch);
    this.#kept = this.#kept.filter((plan) => plan !== found);
    // Before another is made, so that both need not fit at once.
    while (this.#kept.length > keep - 1) this.#kept.shift()!.destroy();
    const plan = found ??
      await Inference.create(this.device, this.config, this.weights, batch, guided);
    if (this.#destroyed) {
      plan.destroy();
      throw new Error("The network was destroyed");
    }
    this.#kept.push(plan);
    return plan;
  }

  /** Frees their memory. */
  destroy(): void {
    this.#destroyed = true;
    for (const plan of this.#kept) plan.destroy();
    this.#kept = [];
  }
}

/**
 * The plans of one network; keeps the latest few.
 *
 * @module
 */
import type { Device } from "../device/device.ts";
import { DeviceLimitError } from "../device/errors.ts";
import type { FloatType } from "../graph/ops.ts";
import type { RinConfig } from "../model/config.ts";
import type { Weights } from "../model/weights.ts";
import {
  Inference,
  type InferenceFeatures,
  PREDICT,
  type PredictionTensors,
  recordPrediction,
  recordSampling,
  type SamplingPhase,
  type SamplingTensors,
} from "./inference.ts";

/** A compiled plan of prediction. */
export type PredictionPlan = Inference<PredictionTensors, "pass">;

/** A compiled plan of sampling. */
export type SamplingPlan = Inference<SamplingTensors, SamplingPhase>;

/** A request for a plan of sampling. */
export interface SamplingRequest {
  readonly features: InferenceFeatures;
  /** Images at a time. */
  readonly batch: number;
  /** Plans that can be there when this one is: at least 1, itself. */
  readonly maxPlans: number;
}

/** Compiled plans by batch size and features. To be used by one call at a time. */
export class Inferences {
  #destroyed = false;
  /** The latest last. */
  #plans: (PredictionPlan | SamplingPlan)[] = [];

  constructor(
    private readonly device: Device,
    private readonly config: RinConfig,
    private readonly weights: Weights,
    private readonly precision: FloatType,
  ) {}

  /** A plan that predicts exactly that many images. */
  prediction(batch: number): Promise<PredictionPlan> {
    const make = () =>
      Inference.compile(
        this.device,
        batch,
        PREDICT,
        recordPrediction(this.config, this.weights, batch, this.precision),
      );
    return this.#find(PREDICT, [batch, batch], 1, make);
  }

  /**
   * A plan that samples that many images: one that is kept, if no more than a third of it stays
   * empty; or one of half of them, and so on, until the device allows it.
   */
  async sampling({ features, batch, maxPlans }: SamplingRequest): Promise<SamplingPlan> {
    for (;; batch = Math.ceil(batch / 2)) {
      const size = batch;
      const make = () =>
        Inference.compile(
          this.device,
          size,
          features,
          recordSampling(this.config, this.weights, size, features, this.precision),
        );
      try {
        return await this.#find(features, [size, Math.floor(size * 3 / 2)], maxPlans, make);
      } catch (error) {
        if (!(error instanceof DeviceLimitError) || batch === 1) throw error;
      }
    }
  }

  /** The smallest plan with the features and a batch within bounds, or else a new one. */
  async #find<P extends PredictionPlan | SamplingPlan>(
    features: InferenceFeatures,
    [least, most]: readonly [number, number],
    maxPlans: number,
    make: () => Promise<P>,
  ): Promise<P> {
    const key = JSON.stringify(features);
    const fits = (plan: PredictionPlan | SamplingPlan) =>
      JSON.stringify(plan.features) === key && plan.batch >= least && plan.batch <= most;
    const [found] = this.#plans.filter(fits).sort((a, b) => a.batch - b.batch);
    this.#plans = this.#plans.filter((plan) => plan !== found);
    // Before another is made, so that both need not fit at once.
    while (this.#plans.length > maxPlans - 1) this.#plans.shift()!.destroy();
    const plan = (found as P | undefined) ?? await make();
    if (this.#destroyed) {
      plan.destroy();
      throw new Error("The network was destroyed");
    }
    this.#plans.push(plan);
    return plan;
  }

  /** Frees their memory. */
  destroy(): void {
    this.#destroyed = true;
    for (const plan of this.#plans) plan.destroy();
    this.#plans = [];
  }
}

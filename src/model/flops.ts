/**
 * The work of a network, counted from its shapes.
 *
 * @module
 */
import { operationFlops } from "../graph/flops.ts";
import { Plan } from "../graph/plan.ts";
import { persistent } from "../graph/tensor.ts";
import type { RinConfig } from "./config.ts";
import { exampleShape, interfaceTokens } from "./example.ts";
import { parameterLayout } from "./parameters.ts";
import { rin, selfConditionsInterface } from "./rin.ts";
import { timeWidth } from "./time.ts";
import { slab, Weights } from "./weights.ts";

/**
 * Floating-point operations of one pass over one image or clip, with self-conditioning: those of
 * matrix products and attention (a multiplication and an addition are two), which leave all others
 * far behind.
 */
export function forwardFlops(config: RinConfig): number {
  const layout = parameterLayout(config);
  const weights = new Weights(layout, slab("parameters", layout));
  const plan = new Plan();
  const xt = persistent("x", [1, ...exampleShape(config)]);
  const t = persistent("t", [1, timeWidth(config)]);
  const labels = config.numClasses > 0 ? persistent("labels", [1]) : undefined;
  const previous = {
    latents: persistent("latents", [1, config.numLatents, config.latentDim]),
    interface: selfConditionsInterface(config)
      ? persistent("interface", [1, interfaceTokens(config), config.interfaceDim])
      : undefined,
    mask: persistent("mask", [1]),
  };
  rin(plan, config, weights, { xt, t, labels, previous });
  return plan.operations.reduce((sum, operation) => sum + operationFlops(operation), 0);
}

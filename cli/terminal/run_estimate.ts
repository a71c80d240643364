/**
 * How long a run still takes: its steps, and the validations and grids that are still to come.
 *
 * @module
 */
import type { RunEvent } from "../../src/run/events.ts";
import type { Settings } from "../../src/run/settings.ts";

/** The recent time that gives the speed, ms. */
const WINDOW = 30_000;

/** Images in a grid that is not the last. */
const ON_THE_WAY = 16;

type Between = "validating" | "sampling";

/** Follows a run's events. */
export class RunEstimate {
  #settings: Settings | undefined;
  /** The last step at which it was done. */
  #doneAt: Record<Between, number> = { validating: 0, sampling: 0 };
  /** Measured time and size. */
  #measured: Record<Between, { ms: number; units: number }> = {
    validating: { ms: 0, units: 0 },
    sampling: { ms: 0, units: 0 },
  };
  /** Times and steps while it trains, without a pause. */
  #recent: { readonly time: number; readonly step: number }[] = [];
  #perStep: number | undefined;
  #before: { readonly name: Between; readonly time: number; readonly share: number } | undefined;

  /** @param now milliseconds that never run backwards */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Records an event; at progress, returns the milliseconds left, if they can be estimated. */
  observe(event: RunEvent): number | undefined {
    if (event.type === "started") {
      this.#settings = event.settings;
      this.#doneAt = { validating: event.step, sampling: event.step };
      this.#recent = [];
    } else if (event.type === "validated") this.#doneAt.validating = event.step;
    else if (event.type === "sampled") this.#doneAt.sampling = event.step;
    else if (event.type === "progress" && this.#settings) return this.#progress(event);
  }

  #progress({ step, activity }: RunEvent & { type: "progress" }): number | undefined {
    const time = this.now();
    if (activity) {
      this.#recent = [];
      this.#measure(step, activity.name, activity.total > 0 ? activity.done / activity.total : 0);
      return this.#left(step, this.#before);
    }
    this.#before = undefined;
    while (this.#recent.length > 1 && this.#recent[1].time <= time - WINDOW) this.#recent.shift();
    this.#recent.push({ time, step });
    const first = this.#recent[0];
    if (step > first.step) this.#perStep = (time - first.time) / (step - first.step);
    return this.#left(step);
  }

  #measure(step: number, name: Between, share: number): void {
    const time = this.now();
    const { name: last, time: since, share: from } = this.#before ?? {};
    if (last === name && share > from!) {
      this.#measured[name].ms += time - since!;
      this.#measured[name].units += (share - from!) * this.#units(name, step);
    }
    this.#before = { name, time, share };
  }

  #left(step: number, current?: { readonly name: Between; readonly share: number }) {
    if (this.#perStep === undefined) return undefined;
    const { training: { steps } } = this.#settings!;
    let left = (steps - step) * this.#perStep;
    for (const name of ["validating", "sampling"] as const) {
      for (const at of this.#dueFrom(name, step)) {
        const begun = at === step && current?.name === name ? current.share : 0;
        left += (1 - begun) * this.#units(name, at) * this.#perUnit(name);
      }
    }
    return left;
  }

  /** The steps with work still to do. */
  #dueFrom(name: Between, step: number): number[] {
    const { training: { steps }, run } = this.#settings!;
    const every = name === "validating" ? run.validEvery : run.sampleEvery;
    const due: number[] = [];
    for (let at = Math.max(1, Math.ceil(step / every)) * every; at < steps; at += every) {
      due.push(at);
    }
    return [...due, steps].filter((at) => at > this.#doneAt[name]);
  }

  /** Evaluations of the network, of one image each. */
  #units(name: Between, step: number): number {
    const { training: { steps }, run } = this.#settings!;
    if (name === "validating") return run.validCount;
    return (step === steps ? run.sampleCount : Math.min(ON_THE_WAY, run.sampleCount)) *
      run.sampleSteps;
  }

  /** Before the first is measured, as a part of a step, which is some three passes of each image. */
  #perUnit(name: Between): number {
    const { ms, units } = this.#measured[name];
    if (units > 0) return ms / units;
    const { training: { batchSize, selfCondRate } } = this.#settings!;
    return this.#perStep! / (batchSize * (3 + selfCondRate));
  }
}

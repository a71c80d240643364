// A service of a tiny network with three classes, asked without a network between.

import { Rin } from "../../src/diffusion/rin.ts";
import type { Device } from "../../src/device/device.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { deviceTest } from "../helpers/devices.ts";
import { createService, type Service, type ServiceOptions } from "../../src/service/service.ts";

/** Its network. */
export const CONFIG = completeConfig({
  imageSize: 8,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 8,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
  numClasses: 3,
});

/** Its checkpoint. */
export const CHECKPOINT = writeCheckpoint({
  config: CONFIG,
  slabs: { parameters: initialize(parameterLayout(CONFIG), 1) },
  about: { class_names: JSON.stringify(["cat", "dog", "bird"]) },
});

/** A service, and short ways to ask it. */
export interface Asked {
  readonly rin: Rin;
  readonly service: Service;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Posts a value, or a text as it is. */
  post(body: unknown, init?: RequestInit): Promise<Response>;
  /** The figure of a line of the metrics. */
  metric(line: string): Promise<number>;
}

/** A test of what doesn't depend on the kind of device: it runs on the CPU. */
export function serviceTest(name: string, run: (device: Device) => Promise<void>): void {
  deviceTest(name, run, ["cpu"]);
}

/** Runs a test with a service. */
export async function withService(
  device: Device,
  options: Partial<ServiceOptions>,
  test: (asked: Asked) => Promise<void>,
  checkpoint = CHECKPOINT,
): Promise<void> {
  const rin = await Rin.load(device, checkpoint);
  const service = await createService({ rin, checkpoint, name: "pets", ...options });
  const get = (path: string, init?: RequestInit) =>
    service.fetch(new Request(`http://localhost${path}`, init));
  const post = (body: unknown, init: RequestInit = {}) =>
    get("/v1/images", {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...init,
      headers: { "content-type": "application/json", ...init.headers },
    });
  const metric = async (line: string) => {
    const text = await (await get("/metrics")).text();
    const found = text.split("\n").find((other) => other.startsWith(`${line} `));
    return Number(found?.slice(line.length) ?? NaN);
  };
  try {
    await test({ rin, service, get, post, metric });
  } finally {
    service.close();
    await service.drain();
    rin.destroy();
  }
}

/** Status and sentence of a refusal. */
export async function errorOf(response: Response): Promise<[number, string]> {
  const { error } = await response.json();
  return [response.status, error];
}

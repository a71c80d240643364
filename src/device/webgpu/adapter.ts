/// <reference types="@webgpu/types" />
/**
 * The adapter, or why there is none: advice must fit the runtime that it is read in.
 *
 * @module
 */
import { NoGpuError } from "../errors.ts";

const CPU = "or use the CPU device (requestCpu)";

/** Advice for WebGPU without an adapter. */
export function adapterAdvice(): string {
  const advice = inBrowser()
    ? "turn on hardware acceleration in the browser's settings"
    : "on Linux a GPU needs its Vulkan driver: NVIDIA's own, or Mesa's (Debian, Ubuntu: " +
      "apt-get install libvulkan1 mesa-vulkan-drivers); on macOS and Windows update the system";
  return `${advice}; ${CPU}`;
}

/** Whether this is a page or a worker of one. Deno's and Bun's navigators carry their names. */
function inBrowser(): boolean {
  return globalThis.navigator?.userAgent?.startsWith("Mozilla/") ?? false;
}

/**
 * Asks for an adapter.
 *
 * @throws {NoGpuError} that tells a runtime without WebGPU, an insecure page, and a missing adapter apart
 */
export async function requestAdapter(
  powerPreference: GPUPowerPreference,
): Promise<GPUAdapter> {
  const { navigator, isSecureContext } = globalThis as {
    navigator?: { readonly gpu?: GPU };
    isSecureContext?: boolean;
  };
  const gpu = navigator?.gpu;
  if (!gpu) {
    throw isSecureContext === false
      ? new NoGpuError(
        `This page is not secure, which WebGPU needs: serve it over HTTPS or at ` +
          `localhost, ${CPU}`,
        "insecure",
      )
      : new NoGpuError(
        `This ${inBrowser() ? "browser" : "runtime"} has no WebGPU: update it, ${CPU}`,
        "runtime",
      );
  }
  // Firefox rejects where a driver is on its list of broken ones.
  const adapter = await gpu.requestAdapter({ powerPreference }).catch(() => null);
  if (adapter) return adapter;
  throw new NoGpuError(`WebGPU found no adapter: ${adapterAdvice()}`);
}

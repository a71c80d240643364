// A network as a Cloudflare Worker. README.md says how to run and deploy it.
import { requestCpu, Rin } from "@rin/rin/cpu/module";
import { createService } from "@rin/rin/service";
import checkpoint from "./net.safetensors";
import kernels from "./node_modules/@rin/rin/kernels/wasm/fused.wasm";

// This happens while the worker starts, which counts toward no request. An isolate has 128 MB.
const cpu = await requestCpu({ module: kernels, memoryLimit: 96 * 2 ** 20 });
const rin = await Rin.load(cpu, checkpoint);
await rin.sample({ count: 1, steps: 1 }); // records what one image takes
const service = await createService({ rin, checkpoint, name: "net" });

export default {
  async fetch(request, _env, context) {
    const cache = request.method === "GET" ? caches.default : undefined;
    // workerd by itself has no cache and says so.
    const kept = await cache?.match(request).catch(() => undefined);
    if (kept) return kept;
    const answer = await service.fetch(request);
    if (cache && answer.headers.get("cache-control")?.includes("immutable")) {
      context.waitUntil(cache.put(request, answer.clone()).catch(() => {}));
    }
    return answer;
  },
};

// A network as a web service with Deno, here or on Deno Deploy. README.md says how to run it.
import { requestCpu, Rin } from "@rin/rin/cpu";
import { createService } from "@rin/rin/service";

const checkpoint = await Deno.readFile(new URL("net.safetensors", import.meta.url));
const rin = await Rin.load(await requestCpu(), checkpoint);
const service = await createService({ rin, checkpoint, name: "net" });
const cache = await caches.open("pictures");

export default {
  async fetch(request) {
    const kept = request.method === "GET" ? await cache.match(request) : undefined;
    if (kept) return kept;
    const answer = await service.fetch(request);
    if (request.method === "GET" && answer.headers.get("cache-control")?.includes("immutable")) {
      await cache.put(request, answer.clone());
    }
    return answer;
  },
} satisfies Deno.ServeDefaultExport;
